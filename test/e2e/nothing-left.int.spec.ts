import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from './support/api.js';
import { query } from './support/database.js';
import { Installation } from './support/installation.js';

let installation: Installation;
beforeEach(async () => {
  installation = await Installation.createEmpty();
});
afterEach(() => installation?.remove());

const lockFile = () => join(installation.dataDir, 'postgres', 'postmaster.pid');
const serverRuns = () => existsSync(lockFile());

describe('a start that is interrupted leaves no PostgreSQL behind', () => {
  it.each(['on a new data directory', 'on a data directory that is there'])('%s, whenever that is', async (_) => {
    if (_ === 'on a data directory that is there') expect(await (await installation.start()).stop()).toBe(0);
    for (const afterMs of [0, 250, 900, 2_200]) {
      const { exitCode } = await installation.startInterrupted(afterMs);
      // Null: it had not loaded so much that it could hear the signal.
      const isClean = exitCode === 0 || exitCode === null;
      expect({ afterMs, isClean, serverRuns: serverRuns() }).toEqual({ afterMs, isClean: true, serverRuns: false });
    }
  });
});

describe('an end leaves no PostgreSQL behind', () => {
  it.each([
    ['on SIGTERM', 1],
    ['on a second signal, at once', 130],
  ])('while a page of a view takes longer than it may: %s', async (_, exitCode) => {
    const system = await installation.start();
    const url = await installation.databaseUrl();
    await query(
      url,
      `create function view_stock.wait() returns trigger language plpgsql as $$ begin perform pg_sleep(600); return new; end $$;
       create trigger wait before insert on view_stock.stock for each row execute function view_stock.wait()`,
    );
    await system.api.put('/v1/locations/main', { name: 'Warehouse' });
    await system.api.post('/v1/stock/LAMP/receipts', { locationId: 'main', units: 1 });
    await until('the view is at work', async () => {
      const working = await query(url, `select from pg_stat_activity where wait_event = 'PgSleep'`);
      return working.length > 0 ? true : undefined;
    });
    const stopped = system.stop();
    if (exitCode === 130) {
      await delay(300);
      system.signal('SIGINT');
    }
    expect(await stopped).toBe(exitCode);
    expect(serverRuns()).toBe(false);
  });

  it('while a view pauses before it tries again', async () => {
    const system = await installation.start();
    const url = await installation.databaseUrl();
    await query(url, 'alter table view_stock.supply rename to gone');
    await system.api.put('/v1/locations/main', { name: 'Warehouse' });
    await until('the view pauses', async () => {
      const ready = await system.api.send('GET', '/health/ready');
      return ready.body.status === 'degraded' ? true : undefined;
    });
    expect(await system.stop()).toBe(0);
    expect(serverRuns()).toBe(false);
  });

  it('of a process that was killed either, once the next one has ended', async () => {
    const killed = await installation.start();
    await killed.kill();
    expect(serverRuns()).toBe(true);
    const pid = (await readFile(lockFile(), 'utf8')).split('\n')[0];
    const next = await installation.start();
    expect((await readFile(lockFile(), 'utf8')).split('\n')[0]).toBe(pid);
    expect(await next.stop()).toBe(0);
    expect(serverRuns()).toBe(false);
  });
});
