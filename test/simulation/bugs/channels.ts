import type { PlantedBug } from '../kit/planting.js';

const ledger = 'apps/channels/src/push/push-ledger.ts';
const pusher = 'apps/channels/src/push/channel-pusher.ts';
const worker = 'apps/channels/src/intake/intake-worker.ts';

/** In the intake of sales, the push ledger and its workers. */
export const channelBugs: readonly PlantedBug[] = [
  {
    name: 'quantity-as-push-key',
    what: 'A number equal to the acknowledged one is not sent, although another one is on its way.',
    edits: [
      {
        file: ledger,
        find: '(l.acknowledged_sequence = l.wanted_sequence and l.acknowledged_quantity =',
        replace: '(l.acknowledged_quantity =',
      },
    ],
  },
  {
    name: 'newer-number-acknowledged-unsent',
    what: 'The answer to an older number acknowledges the newer one that is wanted by then.',
    edits: [
      {
        file: ledger,
        find: 'acknowledged_sequence = r.sequence,',
        replace: 'acknowledged_sequence = l.wanted_sequence,',
      },
    ],
  },
  {
    name: 'throttled-number-acknowledged',
    what: 'A number that the channel had no time for counts as taken.',
    shownBy: 239,
    edits: [
      {
        file: pusher,
        find: 'for (const sent of batch)this.#due.putBack(sent);',
        replace:
          'await this.#answered(batch, { listings: new Map(batch.map(({ externalId })=>[externalId, { ok: true }])) }, nowMs);',
      },
    ],
  },
  {
    name: 'failed-push-acknowledged',
    what: 'A request without an answer counts as taken by the channel.',
    edits: [
      {
        file: 'apps/channels/src/connectors/simulated/simulated.connector.ts',
        find: "kind: 'failed',\n                reason: reasonOf(error)",
        replace:
          "kind: 'answered',\n                listings: new Map(listings.map(({ externalId })=>[externalId, { ok: true }]))",
      },
    ],
  },
  {
    name: 'refused-listing-acknowledged',
    what: 'A listing that the channel refused within its answer counts as taken.',
    edits: [{ file: pusher, find: 'if (result?.ok || isOver) taken', replace: 'if (true) taken' }],
  },
  {
    name: 'ended-listing-kept',
    what: 'A listing that has ended stays in the ledger.',
    edits: [
      {
        file: ledger,
        find: 'and (l.closed_at is null or l.wanted_sequence > l.acknowledged_sequence)',
        replace: 'and l.closed_at is not null',
      },
    ],
  },
  {
    name: 'ended-offer-keeps-its-number',
    what: 'An offer that ended gets its last number again and not 0.',
    edits: [
      {
        file: ledger,
        find: 'LAST_ZERO = `wanted_quantity = 0,',
        replace: 'LAST_ZERO = `wanted_quantity = l.wanted_quantity,',
      },
    ],
  },
  {
    name: 'feed-skips-a-change',
    what: 'The follower of the availability feed goes on one place too far.',
    edits: [
      {
        file: 'apps/inventory/src/views/stock/availability-feed.ts',
        find: 'sequence = last.sequence;',
        replace: 'sequence = last.sequence + 1;',
      },
    ],
  },
  {
    name: 'pusher-stuck-after-failed-write',
    what: 'After one answer that could not be stored a channel is told nothing any more. Was so until the simulation found it.',
    shownBy: 32,
    edits: [
      {
        file: pusher,
        find: 'const stored = this.#stored;\n        this.#stored = Promise.resolve();',
        replace: 'const stored = this.#stored;',
      },
    ],
  },
  {
    name: 'webhook-accepted-before-stored',
    what: 'A shop is told that its message is stored before it is.',
    edits: [
      {
        file: 'apps/channels/src/intake/intake-inbox.ts',
        find: 'return taken.rows.length > 0 && this.#batch.add(taken);',
        replace: 'this.#batch.add(taken).catch(()=>{});\n        return true;',
      },
    ],
  },
  {
    name: 'webhook-stored-twice',
    what: 'A message that comes twice is not recognised.',
    edits: [
      {
        file: 'apps/channels/src/intake/intake-inbox.ts',
        find: 'const taken = this.#taken(channel, message);',
        replace:
          'const taken = this.#taken(channel, { ...message, raw: { ...message.raw, messageId: message.raw.messageId + Math.random() } });',
      },
    ],
  },
  {
    name: 'sale-settled-before-recorded',
    what: 'Sales are marked as done before the orders service has them.',
    shownBy: 17,
    edits: [
      {
        file: worker,
        find: 'const results = await this.#record(sales);',
        replace:
          'await this.table.settle(sales.map(({ id })=>id), []);\n        const results = await this.#record(sales);',
      },
    ],
  },
  {
    name: 'failed-sale-marked-done',
    what: 'A sale that could not be stored is not tried again.',
    shownBy: 50,
    edits: [
      { file: worker, find: '!(results[index] instanceof Error)', replace: 'true' },
      {
        file: worker,
        find: 'const failed = sales.flatMap((sale, index)=>this.#failureOf(sale, results[index]));',
        replace: 'const failed = [];',
      },
    ],
  },
  {
    name: 'pull-ignores-revisions',
    what: 'A pull takes an order for known when an older revision of it came before.',
    shownBy: 25,
    edits: [
      {
        file: 'apps/channels/src/intake/intake-table.ts',
        find: 'i.external_revision > pulled.external_revision',
        replace: 'true',
      },
    ],
  },
];
