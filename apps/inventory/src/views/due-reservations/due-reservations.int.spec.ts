import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CommandRunner } from '#event-sourcing';
import { openReadModels, ProjectionRunner, type ReadModels, Runners } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { InventoryHarness, inPagesOf, ManualClock } from '../../../test/inventory-harness.js';
import { WhenReservationIsDueExpireIt } from '../../processes/when-reservation-is-due-expire-it/when-reservation-is-due-expire-it.js';
import { overdueReservations } from './due-reservations.exceptions.js';
import { dueReservationsProjection } from './due-reservations.projection.js';
import { DueReservations } from './due-reservations.query.js';

let database: TestDatabase;
let readModels: ReadModels;
let clock: ManualClock;
let inventory: InventoryHarness;
let runners: Runners;
let expiry: WhenReservationIsDueExpireIt;

beforeEach(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
  clock = new ManualClock();
  inventory = await InventoryHarness.open(new InMemoryEventStore({ clock }), clock);
  await inventory.openLocations('main');
  await inventory.supplyMap('shop', 'main');
  await inventory.receive('a', 10);
  await inventory.receive('b', 10);
  runners = new Runners(readModels, inventory.store);
  runners.addProjection(dueReservationsProjection);
  expiry = new WhenReservationIsDueExpireIt(
    readModels,
    new DueReservations(readModels),
    inventory.commands,
    clock,
    inventory.shutdown,
    runners,
  );
});
afterEach(async () => {
  await inventory.close();
  await readModels.close();
  await database.drop();
});

/** Brings the view up to date and answers what it holds. */
async function holds(pageSize = 1_000): Promise<object[]> {
  const runner = new ProjectionRunner(readModels, dueReservationsProjection, inPagesOf(pageSize, inventory.store));
  runner.start();
  await runner.waitFor(await inventory.store.head(), 10_000);
  await runner.stop();
  return readModels.query('select sku, reservation_id, units from view_due_reservations.holds order by 1, 2');
}

describe('open reservations', () => {
  it.each([1, 1_000])(
    'leave the view when they are confirmed, released or run out, in pages of %i',
    async (pageSize) => {
      await inventory.reserve('a', 'stays', 1);
      await inventory.reserve('a', 'confirmed', 2);
      await inventory.reserve('a', 'released', 2);
      await inventory.reserve('a', 'short', 2, 10);
      expect(await holds(pageSize)).toHaveLength(4);
      const policy = inventory.supply.policyOf('shop');
      await inventory.execute('a', {
        type: 'ConfirmReservation',
        reservationId: 'confirmed',
        orderId: 'o1',
        lineId: '1',
        policy,
      });
      await inventory.execute('a', { type: 'ReleaseReservation', reservationId: 'released' });
      clock.advance(10_000);
      await inventory.execute('a', { type: 'ExpireReservations' });
      await inventory.reserve('b', 'in and out', 1);
      await inventory.execute('b', { type: 'ReleaseReservation', reservationId: 'in and out' });
      expect(await holds(pageSize)).toEqual([{ sku: 'a', reservation_id: 'stays', units: 1 }]);
    },
  );

  it('are kept apart when SKU and reservation id read the same in a row', async () => {
    await inventory.receive('b/c', 5);
    await inventory.receive('c', 5);
    await inventory.reserve('b/c', 'a', 1);
    await inventory.reserve('c', 'a/b', 2);
    expect(await holds()).toEqual([
      { sku: 'b/c', reservation_id: 'a', units: 1 },
      { sku: 'c', reservation_id: 'a/b', units: 2 },
    ]);
  });
});

describe('when a reservation is due, it expires', () => {
  it('frees what is due and nothing else', async () => {
    await inventory.reserve('a', 'short', 3, 10);
    await inventory.reserve('a', 'long', 4, 20);
    await inventory.reserve('b', 'short', 5, 10);
    await holds();
    clock.advance(9_999);
    expect(await expiry.expireDue()).toBe(false);
    expect(await inventory.typesOf('a')).not.toContain('StockReservationExpired');
    clock.advance(1);
    await expiry.expireDue();
    expect((await inventory.typesOf('a')).at(-1)).toBe('StockReservationExpired');
    expect((await inventory.typesOf('b')).at(-1)).toBe('StockReservationExpired');
    expect(await holds()).toEqual([{ sku: 'a', reservation_id: 'long', units: 4 }]);
  });

  it('changes nothing when it looks again before the view has followed, or in a second process', async () => {
    await inventory.reserve('a', 'short', 3, 10);
    await holds();
    clock.advance(10_000);
    await expiry.expireDue();
    const head = await inventory.store.head();
    const other = await InventoryHarness.open(inventory.store, clock);
    await expiry.expireDue();
    await new WhenReservationIsDueExpireIt(
      readModels,
      new DueReservations(readModels),
      other.commands,
      clock,
      other.shutdown,
      runners,
    ).expireDue();
    expect(await inventory.store.head()).toBe(head);
    await other.shutdown.run();
  });

  it('says that there may be more after 500 SKUs, and is done in a second round', async () => {
    const skus = Array.from({ length: 501 }, (_, index) => `sku ${index}`);
    await Promise.all(skus.map((sku) => inventory.receive(sku, 1)));
    await Promise.all(skus.map((sku) => inventory.reserve(sku, 'short', 1, 1)));
    await holds();
    clock.advance(1_000);
    expect(await expiry.expireDue()).toBe(true);
    await holds();
    expect(await expiry.expireDue()).toBe(false);
    expect(await holds()).toEqual([]);
  });

  it('lets one SKU that fails stop no others, says so, and tries it again later', async () => {
    let isBroken = true;
    const commands = Object.create(inventory.commands) as CommandRunner;
    commands.execute = (command) =>
      command.id === 'a' && isBroken ? Promise.reject(new Error('a is broken')) : inventory.commands.execute(command);
    expiry = new WhenReservationIsDueExpireIt(
      readModels,
      new DueReservations(readModels),
      commands,
      clock,
      inventory.shutdown,
      runners,
    );
    await inventory.reserve('a', 'short', 3, 10);
    await inventory.reserve('b', 'short', 5, 10);
    await holds();
    clock.advance(10_000);
    await expiry.expireDue();
    expect(await holds()).toEqual([{ sku: 'a', reservation_id: 'short', units: 3 }]);
    expect(expiry.check()).toEqual({
      healthy: true,
      degraded: true,
      detail: { failing: 1, skus: { a: 'a is broken' } },
    });
    isBroken = false;
    await expiry.expireDue();
    expect(await holds()).toHaveLength(1);
    clock.advance(1_000);
    await expiry.expireDue();
    expect([await holds(), expiry.check()]).toEqual([[], { healthy: true }]);
  });

  it('is an exception when it stays away', async () => {
    const cases = () => readModels.query(`select subject, detail from (${overdueReservations.openCases}) as cases`);
    await inventory.reserve('a', 'short', 3, 10);
    await holds();
    await readModels.execute(`update view_due_reservations.holds set due_at = now() - interval '9 minutes'`);
    expect(await cases()).toEqual([]);
    await readModels.execute(`update view_due_reservations.holds set due_at = now() - interval '11 minutes'`);
    expect(await cases()).toEqual([{ subject: 'a', detail: '1 reservations of 3 units are overdue.' }]);
  });

  it('runs until the process ends', async () => {
    await inventory.reserve('a', 'short', 3, 10);
    await holds();
    clock.advance(10_000);
    const running = expiry.run();
    await untilExpired();
    await inventory.shutdown.run();
    await running;
    expect((await inventory.typesOf('a')).at(-1)).toBe('StockReservationExpired');
  });

  it('wakes for a hold that was made while nothing was due', async () => {
    await runners.prepare();
    runners.start();
    const running = expiry.run();
    await runners.projection('due-reservations').waitFor(await inventory.store.head(), 10_000);
    await inventory.reserve('a', 'short', 3, 1);
    clock.advance(1_000);
    await untilExpired();
    await inventory.shutdown.run();
    await Promise.all([running, runners.stop()]);
    expect((await inventory.typesOf('a')).at(-1)).toBe('StockReservationExpired');
  });

  async function untilExpired(): Promise<void> {
    const reading = inventory.store.subscribe({
      after: 0,
      filter: { types: ['StockReservationExpired'] },
      signal: AbortSignal.timeout(10_000),
    });
    for await (const page of reading) if (page.events.length > 0) break;
  }
});
