import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { until } from './support/api.js';
import { query } from './support/database.js';
import { Installation, type RunningSystem } from './support/installation.js';

const status = z.object({
  runners: z.array(z.object({ name: z.string(), state: z.string(), parked: z.int(), error: z.string().optional() })),
});

describe('a view that cannot take one event', () => {
  let installation: Installation;
  let system: RunningSystem;
  let url: string;

  beforeAll(async () => {
    installation = await Installation.create();
    system = await installation.start();
    url = await installation.databaseUrl();
    await system.api.put('/v1/locations/main', { name: 'Warehouse' });
    await receive('LAMP', 1);
    await system.api.settled();
  });
  afterAll(() => installation?.remove());

  it('goes on with all others, and says everywhere which one it is', async () => {
    await query(url, `alter table view_stock.stock add constraint no_bad_sku check (sku <> 'BAD')`);
    await receive('BAD', 3);
    await receive('LAMP', 2);
    await system.api.settled();
    expect(await units('LAMP')).toBe(3);
    expect(await runner('stock')).toMatchObject({ state: 'running', parked: 1 });
    const ready = await system.api.send('GET', '/health/ready');
    expect([ready.status, ready.body]).toMatchObject([
      200,
      {
        status: 'degraded',
        checks: {
          runners: {
            healthy: true,
            degraded: true,
            detail: {
              stock: expect.stringMatching(/^running, 1 events parked, \w+ of stock-BAD at position \d+: .*no_bad_sku/),
            },
          },
        },
      },
    ]);
    expect((await system.api.send('GET', '/v1/exceptions?kind=parked-event')).body).toMatchObject({
      items: [{ subject: 'stock stock-BAD', whatToDo: expect.stringContaining('ops parked retry') }],
    });
    const { text } = await system.api.send('GET', '/metrics');
    expect(text).toContain('einklang_runner_parked{runner="stock",kind="projection"} 1');
    expect(installation.output).toMatch(/"runner":"stock","position":\d+,"stream":"stock-BAD"/);
    expect((await installation.ops('parked', 'list')).output).toMatch(/^stock \d+ {2}StockReceived of stock-BAD$/m);
  });

  it('takes it in after a mend, when that is asked for', async () => {
    await query(url, 'alter table view_stock.stock drop constraint no_bad_sku');
    expect(await installation.ops('parked', 'retry', 'stock')).toMatchObject({ exitCode: 0 });
    await until('the event has its effect', async () => ((await units('BAD')) === 3 ? true : undefined));
    await until('all is well again', async () =>
      (await system.api.send('GET', '/health/ready')).body.status === 'ready' ? true : undefined,
    );
    expect((await system.api.send('GET', '/v1/exceptions?kind=parked-event')).body).toMatchObject({ items: [] });
  });

  it('stands still where nothing can be written, and does not say that it is caught up', async () => {
    await query(url, 'alter table view_stock.supply rename to gone');
    await receive('LAMP', 1);
    const { error, parked } = await until('the view stands still', async () => {
      const stock = await runner('stock');
      return stock.state === 'retrying' ? stock : undefined;
    });
    expect([error, parked]).toEqual([expect.stringMatching(/^StockReceived of stock-LAMP at position \d+: /), 0]);
    expect((await system.api.send('GET', '/health/ready')).body).toMatchObject({ status: 'degraded' });
    await query(url, 'alter table view_stock.gone rename to supply');
    await system.api.settled();
    expect(await units('LAMP')).toBe(4);
  });

  const receive = (sku: string, units: number) =>
    system.api.post(`/v1/stock/${sku}/receipts`, { locationId: 'main', units });

  async function units(sku: string): Promise<number> {
    const [row] = await query<{ units: number }>(
      url,
      'select coalesce(sum(on_hand), 0)::integer as units from analytics.stock_levels where sku = $1',
      [sku],
    );
    return row?.units ?? 0;
  }

  async function runner(name: string) {
    const { runners } = await system.api.ask('GET', '/v1/status', status);
    const found = runners.find((one) => one.name === name);
    if (!found) throw new Error(`There is no runner ${name}.`);
    return found;
  }
});
