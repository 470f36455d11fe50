import { z } from 'zod';
import { channelIdSchema, decodeCursor, pageOf, pageQuery, toPage } from '#platform';
import { channels } from '../../channels.slices.js';
import { PUSH_STATES } from '../../push/push-ledger.js';

const state = z.enum(PUSH_STATES);
const push = z.object({
  sku: z.string(),
  externalId: z.string(),
  state,
  wantedQuantity: z.int().nullable(),
  wantedRevision: z.int().nullable().meta({ description: 'Stock revision of the newest number' }),
  wantedSince: z.string().nullable().meta({ description: 'When we learned of the earliest change not acknowledged' }),
  acknowledgedQuantity: z.int().nullable(),
  acknowledgedRevision: z.int().nullable(),
  acknowledgedAt: z.string().nullable(),
  attempts: z.int().meta({ description: 'Failed attempts in a row' }),
  lastError: z.string().nullable(),
  nextAttemptAt: z.string().nullable(),
  noNumberBecause: z.string().nullable().meta({ description: 'Why the channel gets no number for it' }),
});
const after = z.tuple([z.string(), z.string()]);
const pushesQuery = z.strictObject({ state: state.optional(), ...pageQuery });

export const listPushes = channels.query({
  name: 'ListPushes',
  summary:
    'What a channel should show and what it has acknowledged, per listing and by SKU; an offer that ended until the channel has acknowledged 0',
  path: { channel: channelIdSchema },
  query: pushesQuery,
  answer: pageOf(push),
  refusals: { 'not-found': ['unknown-channel'] },
  execute: async ({ channel, state: asked, limit, cursor }, { directory, ledger }) => {
    directory.get(channel);
    const rows = await ledger.rows(channel, asked, decodeCursor(cursor, after) ?? ['', ''], limit + 1);
    return toPage(rows, limit, ({ sku, externalId }) => [sku, externalId]);
  },
});
