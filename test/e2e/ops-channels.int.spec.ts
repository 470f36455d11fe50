import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { salesCsv } from '../../apps/ops/src/testing/sales-csv.js';
import { Installation } from './support/installation.js';

const drift = z.object({ found: z.int(), examples: z.array(z.object({ sku: z.string(), shown: z.int() })) });
const listing = z.object({ external_id: z.string(), quantity: z.int() });

/** Each step goes on from the one before: one data directory, and programs that come and go on it. */
describe('a replay and what its channels show', () => {
  let installation: Installation;
  let changed: z.output<typeof listing>;

  beforeAll(async () => {
    installation = await Installation.create();
    await writeFile(join(installation.dataDir, 'sales.csv'), salesCsv({ rows: 1_500, seed: 3 }));
  });
  afterAll(() => installation?.remove());

  it('tells every channel its numbers, and waits until all are acknowledged', async () => {
    const { exitCode, output } = await installation.ops('replay', join(installation.dataDir, 'sales.csv'));
    expect(output).toMatch(/^ +[\d,]+ ebay +in \d+ requests; lag p50 [\d,]+ ms, p99 [\d,]+ ms$/m);
    expect(exitCode).toBe(0);
  });

  it('leaves no difference, as verify finds with the system and its shop at rest', async () => {
    const { exitCode, output } = await installation.ops('verify');
    for (const channel of ['amazon', 'ebay', 'etsy', 'till', 'web-shop'])
      expect(output).toMatch(new RegExp(`^channel ${channel}: \\d+ listings, 0 differences$`, 'm'));
    expect(output).toMatch(/^No differences\.$/m);
    expect(exitCode).toBe(0);
  });

  it('is found to differ where a channel changes a number behind our back', async () => {
    changed = await changeANumberOn('ebay');
    const { exitCode, output } = await installation.ops('verify');
    const { external_id: sku, quantity } = changed;
    expect(output).toContain(`${sku} (${sku}): shows ${quantity + 1}, available ${quantity}`);
    expect(output).toMatch(/^channel ebay: \d+ listings, 1 differences$/m);
    expect(exitCode).toBe(1);
  });

  it('is healed by the drift check of the system, which runs with the same shop when it starts again', async () => {
    const { api } = await installation.start();
    const { found, examples } = await api.ask('POST', '/v1/channels/ebay/drift-check', drift);
    expect([found, examples]).toEqual([1, [expect.objectContaining({ sku: changed.external_id })]]);
    const { exitCode, output } = await installation.ops('verify');
    expect(output).toMatch(/^channel ebay: \d+ listings, 0 differences$/m);
    expect(exitCode).toBe(0);
  });

  /** The shop shows a unit more than it got. Answers the listing as it was. */
  async function changeANumberOn(channel: string) {
    const shop = new DatabaseSync(join(installation.dataDir, 'simulated-shop.sqlite'));
    try {
      const first = 'select external_id, quantity from listings where channel = ? and quantity > 0 limit 1';
      const row = listing.parse(shop.prepare(first).get(channel));
      const change = 'update listings set quantity = quantity + 1 where channel = ? and external_id = ?';
      shop.prepare(change).run(channel, row.external_id);
      return row;
    } finally {
      shop.close();
    }
  }
});
