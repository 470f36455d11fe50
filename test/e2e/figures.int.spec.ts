import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { descriptionOf, serviceNames } from '#contracts';
import { Installation, type RunningSystem } from './support/installation.js';

const status = z.object({ head: z.int(), runners: z.array(z.object({ name: z.string(), kind: z.string() })) });

describe('what the system tells Prometheus and an orchestrator', () => {
  let installation: Installation;
  let system: RunningSystem;

  beforeAll(async () => {
    installation = await Installation.create();
    system = await installation.start();
    await system.api.put('/v1/locations/main', { name: 'Warehouse' });
    await system.api.post('/v1/stock/LAMP/receipts', { locationId: 'main', units: 10 });
    await system.api.settled();
  });
  afterAll(() => installation?.remove());

  it('has the end of the log and every view and process of the status', async () => {
    const { head, runners } = await system.api.ask('GET', '/v1/status', status);
    const samples = await metrics();
    expect(samples).toContain(`einklang_log_head_position ${head}`);
    expect(runners.length).toBeGreaterThan(10);
    for (const { name, kind } of runners) {
      expect(samples).toContain(`einklang_runner_lag{runner="${name}",kind="${kind}"} 0`);
      expect(samples).toContain(`einklang_runner_ready{runner="${name}",kind="${kind}"} 1`);
    }
  });

  it('has what became of the commands of every aggregate, also of those without a name', async () => {
    const samples = await metrics();
    for (const category of ['stock', 'location'])
      expect(samples).toContain(`einklang_commands_total{category="${category}",outcome="changed"} 1`);
    const categories = samples.flatMap(
      (sample) => /^einklang_mailbox_streams\{category="(\w+)"\}/.exec(sample)?.[1] ?? [],
    );
    expect(new Set(categories)).toEqual(new Set(serviceNames.flatMap((name) => descriptionOf(name).categories)));
    expect(samples).toContain('einklang_command_conflicts_total{category="stock"} 0');
    expect(samples).toContain('einklang_mailbox_waiting{category="stock"} 0');
  });

  it('says of each part whether it can work', async () => {
    const ready = await system.api.send('GET', '/health/ready');
    expect(ready).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        checks: {
          'event store': { healthy: true, detail: { head: 2 } },
          database: { healthy: true },
          runners: { healthy: true, detail: {} },
          channels: { healthy: true },
        },
      },
    });
  });

  const metrics = async (): Promise<string[]> => (await system.api.send('GET', '/metrics')).text.split('\n');
});
