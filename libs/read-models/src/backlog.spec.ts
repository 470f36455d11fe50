import { beforeEach, describe, expect, it } from '@jest/globals';
import { Overloaded } from '#event-sourcing';
import { Backlog } from './backlog.js';
import { NotCaughtUp } from './runner.js';

/** A reaction that stands where a spec puts it. */
class Standing {
  position = 0;

  async waitFor(position: number): Promise<void> {
    if (this.position < position) throw new NotCaughtUp('the reaction', this.position, position);
  }
}

let worker: Standing;
let head: number;
let backlog: Backlog;
beforeEach(() => {
  worker = new Standing();
  head = 0;
  backlog = new Backlog({ head: async () => head });
  backlog.workedOffBy(worker);
});

describe('the backlog of a reaction', () => {
  it('lets everything in while little lies ahead', async () => {
    await backlog.admit(100_000);
    backlog.add(10, 100_000);
    await backlog.admit(100_000);
    expect(backlog.linesAhead()).toBe(100_000);
  });

  it('sends heavy requests away once too many lines lie ahead, and lets them in when they are booked', async () => {
    for (let position = 1; position <= 6; position += 1) backlog.add(position, 50_000);
    const refusal = await backlog.admit(5_000).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Overloaded);
    expect(refusal).toMatchObject({ retryAfterMs: 35_000 });
    worker.position = 3;
    await backlog.admit(5_000);
    expect(backlog.linesAhead()).toBe(150_000);
  });

  it('lets a single sale in where a heavy request has to wait, up to four times as much', async () => {
    backlog.add(1, 300_000);
    await backlog.admit(1_000);
    backlog.add(2, 800_000);
    await expect(backlog.admit(1)).rejects.toBeInstanceOf(Overloaded);
  });

  it('counts many small ones without keeping each', async () => {
    for (let position = 1; position <= 100_000; position += 1) backlog.add(position, 1);
    worker.position = 50_000;
    expect(backlog.linesAhead()).toBeGreaterThanOrEqual(50_000);
    expect(backlog.linesAhead()).toBeLessThanOrEqual(51_000);
    worker.position = 100_000;
    expect(backlog.linesAhead()).toBe(0);
  });

  it('holds heavy requests back until the work of before the start is done', async () => {
    head = 500;
    worker.position = 20;
    await expect(backlog.admit(5_000)).rejects.toBeInstanceOf(Overloaded);
    await backlog.admit(1);
    head = 900;
    worker.position = 500;
    await backlog.admit(5_000);
  });

  it('knows of no work that another process does', async () => {
    const elsewhere = new Backlog({ head: async () => 1_000 });
    elsewhere.workedOffBy({ start: () => {}, stop: async () => {} });
    elsewhere.add(1, 10_000_000);
    await elsewhere.admit(100_000);
    expect(elsewhere.linesAhead()).toBe(0);
  });
});
