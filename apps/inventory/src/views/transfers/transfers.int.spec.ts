import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openReadModels, ProjectionRunner, ReactionRunner, type ReadModels } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { InventoryHarness, inPagesOf } from '../../../test/inventory-harness.js';
import { WhenTransferChangesMoveItsStock } from '../../processes/when-transfer-changes-move-its-stock/when-transfer-changes-move-its-stock.js';
import type { TransferCommand } from '../../transfer/transfer.decide.js';
import { transferDifferences, transfersProjection } from './transfers.projection.js';

let database: TestDatabase;
let readModels: ReadModels;
let inventory: InventoryHarness;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
  inventory = await InventoryHarness.open(new InMemoryEventStore());
  await inventory.openLocations('main', 'store');
});
afterAll(async () => {
  await inventory.close();
  await readModels.close();
  await database.drop();
});

const send = (command: TransferCommand) => inventory.transfer(command);

const dispatch = (transferId: string, units: number) =>
  send({ type: 'DispatchTransfer', transferId, from: 'main', to: 'store', lines: [{ sku: 'A', units }] });
const receive = (transferId: string, receiptId: string, units: number) =>
  send({ type: 'ReceiveTransfer', transferId, receiptId, lines: [{ sku: 'A', units }] });
const settle = (transferId: string, as: 'lost' | 'found') =>
  send({ type: 'SettleTransferDifference', transferId, sku: 'A', as });

async function project(pageSize: number): Promise<void> {
  const runner = new ProjectionRunner(readModels, transfersProjection, inPagesOf(pageSize, inventory.store), {
    pageSize,
  });
  runner.start();
  await runner.waitFor(await inventory.store.head(), 10_000);
  await runner.stop();
}

const rows = () =>
  readModels.query<Record<string, unknown>>(
    `select transfer_id, status, open_units, differs_since is not null as differs from view_transfers.transfers order by 1`,
  );
const cases = () => readModels.query<{ subject: string; detail: string }>(transferDifferences.openCases);

describe('the view of transfers', () => {
  it.each([1, 1_000])('shows how each stands, in pages of %i, also when it stopped in the middle', async (pageSize) => {
    await readModels.execute(`delete from read_models.checkpoints; drop schema if exists view_transfers cascade`);
    const id = (name: string) => `${name} ${pageSize}`;
    for (const name of ['on its way', 'partly', 'all', 'surplus', 'lost', 'cancelled']) await dispatch(id(name), 20);
    await receive(id('partly'), 'R-1', 19);
    await project(pageSize);
    expect(await cases()).toMatchObject([{ subject: id('partly'), detail: '1 units from main to store differ.' }]);
    await receive(id('all'), 'R-1', 8);
    await receive(id('all'), 'R-2', 12);
    await receive(id('surplus'), 'R-1', 23);
    await receive(id('lost'), 'R-1', 18);
    await settle(id('lost'), 'lost');
    await send({ type: 'CancelTransfer', transferId: id('cancelled'), reason: 'not needed' });
    await project(pageSize);
    expect((await rows()).filter(({ transfer_id }) => String(transfer_id).endsWith(` ${pageSize}`))).toEqual([
      { transfer_id: id('all'), status: 'received', open_units: 0, differs: false },
      { transfer_id: id('cancelled'), status: 'cancelled', open_units: 0, differs: false },
      { transfer_id: id('lost'), status: 'received', open_units: 0, differs: false },
      { transfer_id: id('on its way'), status: 'in-transit', open_units: 20, differs: false },
      { transfer_id: id('partly'), status: 'partly-received', open_units: 1, differs: true },
      { transfer_id: id('surplus'), status: 'partly-received', open_units: 3, differs: true },
    ]);
    await receive(id('partly'), 'R-2', 1);
    await settle(id('surplus'), 'found');
    await project(pageSize);
    expect(await cases()).toEqual([]);
  });

  it('shows the same when it reads events again that it has folded', async () => {
    const before = await rows();
    await readModels.execute(`update read_models.checkpoints set position = 0 where name = 'transfers'`);
    await project(7);
    expect(await rows()).toEqual(before);
  });
});

describe('stock', () => {
  it('follows each transfer once, and neither gains nor loses a unit until one is settled as lost', async () => {
    const sku = 'moved';
    await inventory.receive(sku, 30);
    const line = (units: number) => [{ sku, units }];
    const route = { transferId: 'M', from: 'main', to: 'store' };
    await send({ type: 'DispatchTransfer', ...route, lines: line(20) });
    await send({ type: 'ReceiveTransfer', transferId: 'M', receiptId: 'R-1', lines: line(12) });
    await send({ type: 'ReceiveTransfer', transferId: 'M', receiptId: 'R-2', lines: line(7) });
    await send({ type: 'SettleTransferDifference', transferId: 'M', sku, as: 'lost' });
    for (let again = 0; again < 2; again += 1) {
      const reaction = new WhenTransferChangesMoveItsStock(inventory.commands);
      const runner = new ReactionRunner(readModels, reaction, inventory.store, { pageSize: 2 });
      runner.start();
      await runner.waitFor(await inventory.store.head(), 10_000);
      await runner.stop();
      await readModels.execute(`delete from read_models.checkpoints where kind = 'reaction'`);
    }
    const moved = (await inventory.eventsOf(sku)).filter(({ type }) => type === 'StockTransferred');
    expect(moved.map(({ data }) => data)).toEqual([
      { transferId: 'M', as: 'dispatched', locationId: 'main', onHand: -20, inTransit: 0 },
      { transferId: 'M', as: 'dispatched', locationId: 'store', onHand: 0, inTransit: 20 },
      { transferId: 'M', as: 'received', locationId: 'store', onHand: 12, inTransit: -12 },
      { transferId: 'M', as: 'received', locationId: 'store', onHand: 7, inTransit: -7 },
      { transferId: 'M', as: 'settled', locationId: 'store', onHand: 0, inTransit: -1 },
    ]);
  });
});
