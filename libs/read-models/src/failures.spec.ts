import { beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseError } from './database-error.js';
import { FailingItems, FailureLog, Retries, reasonOf } from './failures.js';
import { isOutage, Outages } from './outages.js';

let lines: { level: string; fields: Record<string, unknown>; message: string }[];
let nowMs: number;
beforeEach(() => {
  lines = [];
  nowMs = 0;
});
const line = (level: string) => (fields: object, message: string) =>
  void lines.push({ level, fields: { ...fields }, message });
const log = { info: line('info'), warn: line('warn'), error: line('error') };
const lost = () => new DatabaseError(new Error('Connection terminated unexpectedly'));
const refused = () => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });

describe('the log of failures', () => {
  const failures = () => new FailureLog(log, { channel: 'amazon' }, () => nowMs);

  it('has one line when something begins to fail and one when it works again', () => {
    const amazon = failures();
    amazon.succeeded();
    for (let attempt = 0; attempt < 1_000; attempt += 1) amazon.failed(refused(), 'cannot be reached');
    nowMs = 1_500;
    for (let attempt = 0; attempt < 1_000; attempt += 1) amazon.succeeded();
    expect(lines).toEqual([
      {
        level: 'error',
        fields: { channel: 'amazon', failures: 1, error: 'connect ECONNREFUSED 127.0.0.1:1' },
        message: 'cannot be reached',
      },
      { level: 'info', fields: { channel: 'amazon', failures: 1_000, lastedMs: 1_500 }, message: 'works again' },
    ]);
  });

  it('has a line for every other reason, at most five until it works again', () => {
    const amazon = failures();
    for (let attempt = 0; attempt < 100; attempt += 1) amazon.failed(new Error(`${attempt % 2} is odd`), 'failed');
    expect(lines.map(({ fields }) => fields.error)).toEqual(['0 is odd', '1 is odd']);
    for (let attempt = 0; attempt < 100; attempt += 1) amazon.failed(new Error(`${attempt} differs`), 'failed');
    expect(lines).toHaveLength(5);
  });

  it('says every ten minutes that it lasts', () => {
    const amazon = failures();
    for (nowMs = 0; nowMs <= 1_200_000; nowMs += 1_000) amazon.failed(refused(), 'cannot be reached');
    expect(lines.map(({ fields }) => fields.failures)).toEqual([1, 601, 1_201]);
  });

  it('has the place in the code unless a server is away', () => {
    failures().failed(new TypeError('x is undefined'), 'failed');
    expect(lines[0]?.fields.err).toBeInstanceOf(TypeError);
    failures().failed(new TypeError('fetch failed', { cause: refused() }), 'failed');
    expect(lines[1]?.fields).not.toHaveProperty('err');
    expect(lines[1]?.fields.error).toBe('fetch failed: connect ECONNREFUSED 127.0.0.1:1');
  });
});

describe('what fails among many', () => {
  it('pauses longer each time, by itself, until it works', () => {
    const skus = new FailingItems(
      log,
      (sku) => ({ sku }),
      () => nowMs,
    );
    skus.failed('a', new Error('no'), 'cannot expire');
    expect([skus.pausing, skus.failing]).toEqual([['a'], { a: 'no' }]);
    nowMs = 1_000;
    expect(skus.pausing).toEqual([]);
    skus.failed('a', new Error('no'), 'cannot expire');
    nowMs = 2_999;
    expect(skus.pausing).toEqual(['a']);
    skus.succeeded('a');
    skus.succeeded('b');
    expect([skus.pausing, skus.failing]).toEqual([[], {}]);
    expect(lines.map(({ level, fields }) => [level, fields.sku])).toEqual([
      ['error', 'a'],
      ['info', 'a'],
    ]);
  });
});

describe('a pause', () => {
  const neverStops = new AbortController().signal;

  it('ends at once for all when an outage is over', async () => {
    let isUp = false;
    const outages = new Outages(async () => {
      if (!isUp) throw refused();
    }, 5);
    const startedAt = performance.now();
    const pausing = ['stock', 'orders'].map((runner) =>
      new Retries({ log, outages }, { runner }, { backoffMsMin: 60_000 }).pauseAfter(lost(), 'failed', neverStops),
    );
    isUp = true;
    await Promise.all(pausing);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(lines.map(({ fields }) => fields.runner)).toEqual(['stock', 'orders']);
  });

  it('lasts its time where another server is away than those of ours, and doubles', async () => {
    const outages = new Outages(async () => {}, 1);
    const retries = new Retries({ log, outages }, {}, { backoffMsMin: 20, backoffMsMax: 40 });
    const pauses = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const startedAt = performance.now();
      await retries.pauseAfter(new TypeError('bad event', { cause: refused() }), 'failed', neverStops);
      pauses.push(performance.now() - startedAt);
    }
    expect(pauses[0]).toBeGreaterThanOrEqual(19);
    expect(Math.min(...pauses.slice(1))).toBeGreaterThanOrEqual(39);
    expect([retries.failures, retries.error]).toEqual([4, 'bad event: connect ECONNREFUSED 127.0.0.1:1']);
    retries.succeeded();
    expect([retries.failures, retries.error]).toEqual([0, undefined]);
  });

  it('ends when its owner stops', async () => {
    const outages = new Outages(async () => {});
    await new Retries({ log, outages }, {}, { backoffMsMin: 60_000 }).pauseAfter('x', 'failed', AbortSignal.abort());
  });
});

describe('work without an end', () => {
  const retries = () => new Retries({ log, outages: new Outages(async () => {}) }, { work: 'channels' });
  const stopped = AbortSignal.abort();
  const lastsMs = (ms: number) => () => new Promise<void>((resolve) => setTimeout(resolve, ms));

  it('has succeeded when it has lasted, also where there was nothing to do', async () => {
    const channels = retries();
    await channels.pauseAfter(lost(), 'broke off', stopped);
    await channels.lasting(lastsMs(1_100));
    expect([channels.failures, channels.error]).toEqual([0, undefined]);
    expect(lines.at(-1)?.message).toBe('works again');
  });

  it('has not where it breaks off at once, and pauses longer', async () => {
    const channels = retries();
    for (const failures of [1, 2]) {
      await channels.pauseAfter(lost(), 'broke off', stopped);
      await expect(channels.lasting(() => Promise.reject(lost()))).rejects.toThrow('terminated');
      expect(channels.failures).toBe(failures);
    }
  });
});

describe('an outage', () => {
  const refusedBy = (code: string | undefined) => new DatabaseError(Object.assign(new Error('no'), { code }));

  it('is distinguished from a value that PostgreSQL does not take', () => {
    expect([undefined, '08006', '53100', '57P01', '40001', '25006', 'ECONNRESET'].map(refusedBy).every(isOutage)).toBe(
      true,
    );
    expect(['22003', '22021', '23505', '54000', '42P01'].map(refusedBy).some(isOutage)).toBe(false);
    expect(isOutage(new Error('handed on', { cause: refusedBy('57P03') }))).toBe(true);
  });

  it('is one line with its causes', () => {
    expect(reasonOf(new Error('a', { cause: new Error('b', { cause: 'c' }) }))).toBe('a: b: c');
    expect(reasonOf(new Error('a because b', { cause: new Error('b') }))).toBe('a because b');
  });
});
