import type { Core } from '#platform';
import type { Projection } from '#read-models';
import { inventory } from './inventory.slices.js';
import { WhenAnOrderChangesFollowWithStock } from './processes/when-an-order-changes-follow-with-stock/when-an-order-changes-follow-with-stock.js';
import { allocateStockOfOrders } from './processes/when-order-is-submitted-allocate-stock/when-order-is-submitted-allocate-stock.js';
import { WhenReservationIsDueExpireIt } from './processes/when-reservation-is-due-expire-it/when-reservation-is-due-expire-it.js';
import { WhenTransferChangesMoveItsStock } from './processes/when-transfer-changes-move-its-stock/when-transfer-changes-move-its-stock.js';
import { KnownDocuments } from './stock/known-documents.js';
import { stockDecider } from './stock/stock.decider.js';
import { ChangeSupply } from './supply/change-supply.js';
import { channelPolicyDecider } from './supply/channel-policy.js';
import { locationDecider } from './supply/location.js';
import { LocationContents } from './supply/location-contents.js';
import { SupplyDirectory } from './supply/supply-directory.js';
import { transferDecider } from './transfer/transfer.decide.js';
import { overdueReservations } from './views/due-reservations/due-reservations.exceptions.js';
import { dueReservationsProjection } from './views/due-reservations/due-reservations.projection.js';
import { DueReservations } from './views/due-reservations/due-reservations.query.js';
import {
  referencesReceivedTwice,
  repeatedReceiptsProjection,
} from './views/repeated-receipts/repeated-receipts.projection.js';
import { openShortages, shortagesProjection } from './views/shortages/shortages.projection.js';
import { StockViewFeed } from './views/stock/availability-feed.js';
import { channelsWithoutSupply, goodsAtNoOpenLocation, lookAlikeSkus } from './views/stock/stock.exceptions.js';
import { stockProjection } from './views/stock/stock.projection.js';
import { StockQuery } from './views/stock/stock.query.js';
import { StockViewPorts } from './views/stock/stock-view-ports.js';
import { transferDifferences, transfersProjection } from './views/transfers/transfers.projection.js';

/** The views of the service, for commands that rebuild or verify them. */
export const inventoryProjections: readonly Projection[] = [
  stockProjection,
  shortagesProjection,
  dueReservationsProjection,
  repeatedReceiptsProjection,
  transfersProjection,
];

export type Inventory = ReturnType<typeof assembleInventory>;

/** Puts the service together. */
export function assembleInventory(core: Core) {
  const { store, readModels, runners, commands, clock, shutdown, exceptions } = core;

  // Commands
  commands.expects([stockDecider, locationDecider, channelPolicyDecider, transferDecider]);
  const stockView = new StockViewPorts(store, readModels, runners);
  const supply = new SupplyDirectory(store, stockView, shutdown);

  // Views
  for (const projection of inventoryProjections) runners.addProjection(projection);
  const feed = new StockViewFeed(readModels, runners);
  core.messaging?.sendAvailability(feed);

  // Processes
  const followOrders = runners.addReaction(new WhenAnOrderChangesFollowWithStock(commands, supply));
  runners.backlog.workedOffBy(followOrders);
  runners.addReaction(new WhenTransferChangesMoveItsStock(commands));
  core.processes.add(allocateStockOfOrders((channel) => supply.policyOf(channel)));
  const dueReservations = new DueReservations(readModels);
  const expiry = new WhenReservationIsDueExpireIt(readModels, dueReservations, commands, clock, shutdown, runners);
  if (runners.works) core.health.add('reservation expiry', () => expiry.check());

  // Exceptions
  for (const source of [openShortages, channelsWithoutSupply, goodsAtNoOpenLocation, lookAlikeSkus])
    exceptions.add(source);
  exceptions.add(overdueReservations);
  exceptions.add(referencesReceivedTwice);
  exceptions.add(transferDifferences);

  // Slices
  const changeSupply = new ChangeSupply(commands, supply);
  const stockQuery = new StockQuery(readModels, store, supply);
  inventory.serve(core.slices, {
    commands,
    readModels,
    supply,
    changeSupply,
    stockQuery,
    locationContents: new LocationContents(stockView),
    documents: new KnownDocuments(store),
  });

  return {
    supply,
    changeSupply,
    stockQuery,
    feed,
    prepare: () => supply.prepare(),
    start: () => {
      if (!runners.works) return;
      const expiring = expiry.run();
      shutdown.onShutdown('reservation expiry', () => expiring);
    },
  };
}
