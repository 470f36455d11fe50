import {
  type ListingPushResult,
  type ListingStock,
  type PushResult,
} from '../../../apps/channels/src/connectors/connector.js';
import { SimulatedChannel } from '../../../apps/channels/src/connectors/simulated/simulated.connector.js';
import { IntakeInbox } from '../../../apps/channels/src/intake/intake-inbox.js';
import { IntakeTable, isAsKnown } from '../../../apps/channels/src/intake/intake-table.js';
import { LastWrite } from '../../../apps/channels/src/push/last-write.js';
import { lastNumber, nothingElseWanted, PushLedger } from '../../../apps/channels/src/push/push-ledger.js';
import { StockViewFeed } from '../../../apps/inventory/src/views/stock/availability-feed.js';
import { type Fault, inFunction, inMethod, type PlantedBug } from '../kit/planting.js';

/** In the intake of sales, the push ledger and its workers. */
export const channelBugs: readonly PlantedBug[] = [
  {
    name: 'quantity-as-push-key',
    what: 'A number equal to the acknowledged one is not sent, although another one is on its way.',
    faults: [inFunction(nothingElseWanted, () => () => 'true')],
  },
  {
    name: 'newer-number-acknowledged-unsent',
    what: 'The answer to an older number acknowledges the newer one that is wanted by then.',
    faults: [
      inMethod(
        PushLedger,
        'acknowledge',
        (acknowledge) =>
          async function (pushes) {
            const newest = new Map<string, number>();
            for (const channel of new Set(pushes.map((push) => push.channel)))
              for (const { externalId, sequence } of await this.due(channel, 1_000))
                newest.set(`${channel} ${externalId}`, sequence);
            const sequenceOf = ({ channel, sent }: (typeof pushes)[number]): number =>
              newest.get(`${channel} ${sent.externalId}`) ?? sent.sequence;
            await acknowledge.call(
              this,
              pushes.map((push) => ({ ...push, sent: { ...push.sent, sequence: sequenceOf(push) } })),
            );
          },
      ),
    ],
  },
  {
    name: 'throttled-number-acknowledged',
    what: 'A number that the channel had no time for counts as taken.',
    faults: [countsAsTaken('throttled')],
  },
  {
    name: 'failed-push-acknowledged',
    what: 'A request that failed counts as taken by the channel.',
    faults: [countsAsTaken('failed')],
  },
  {
    name: 'refused-listing-acknowledged',
    what: 'A listing that the channel refused within its answer counts as taken.',
    faults: [countsAsTaken('answered')],
  },
  {
    name: 'ended-listing-kept',
    what: 'A listing that has ended stays in the ledger.',
    faults: [inMethod(PushLedger, 'end', () => async () => [])],
  },
  {
    name: 'ended-offer-keeps-its-number',
    what: 'An offer that ended gets its last number again and not 0.',
    faults: [inFunction(lastNumber, () => () => 'l.wanted_quantity')],
  },
  {
    name: 'feed-skips-a-change',
    what: 'The follower of the availability feed goes on one place too far.',
    faults: [
      inMethod(
        StockViewFeed,
        'follow',
        (follow) =>
          async function* ({ after, signal }) {
            for (let from = after; !signal.aborted; )
              for await (const changes of follow.call(this, { after: from, signal })) {
                yield changes;
                from = (changes.at(-1)?.sequence ?? from) + 1;
                break;
              }
          },
      ),
    ],
  },
  {
    name: 'pusher-stuck-after-failed-write',
    what: 'After one answer that could not be stored a channel gets no number any more. Was so until the simulation found it.',
    faults: [
      inMethod(LastWrite, 'done', (done) => {
        const failures = new WeakMap<LastWrite, unknown>();
        return async function () {
          if (failures.has(this)) throw failures.get(this);
          await done.call(this).catch((error: unknown) => {
            failures.set(this, error);
            throw error;
          });
        };
      }),
    ],
  },
  {
    name: 'webhook-accepted-before-stored',
    what: 'The message of a shop is accepted before it is stored.',
    faults: [
      inMethod(
        IntakeInbox,
        'take',
        (take) =>
          async function (channel, message) {
            const stored = take.call(this, channel, message);
            if (message.reading.kind === 'unsupported') return stored;
            stored.catch(() => {});
            return true;
          },
      ),
    ],
  },
  {
    name: 'webhook-stored-twice',
    what: 'A message that comes twice is not recognised.',
    faults: [
      inMethod(
        IntakeInbox,
        'take',
        (take) =>
          function (channel, { raw, reading }) {
            const messageId = raw.messageId + Math.random();
            return take.call(this, channel, { raw: { ...raw, messageId }, reading });
          },
      ),
    ],
  },
  {
    name: 'sale-settled-before-recorded',
    what: 'Sales are marked as done before the orders service has them.',
    faults: [
      inMethod(
        IntakeTable,
        'waiting',
        (waiting) =>
          async function (limit, now) {
            const sales = await waiting.call(this, limit, now);
            if (sales.length > 0) {
              const ids = sales.map(({ id }) => id);
              await this.settle(ids, []);
            }
            return sales;
          },
      ),
    ],
  },
  {
    name: 'failed-sale-marked-done',
    what: 'A sale that could not be stored is not tried again.',
    faults: [
      inMethod(
        IntakeTable,
        'settle',
        (settle) =>
          function (done, failed) {
            return settle.call(this, [...done, ...failed.map(({ id }) => id)], []);
          },
      ),
    ],
  },
  {
    name: 'pull-ignores-revisions',
    what: 'A pull takes an order for known when an older revision of it came before.',
    faults: [inFunction(isAsKnown, () => () => 'true')],
  },
];

/** A push with such a result is taken for one that the channel took as a whole. */
function countsAsTaken(kind: PushResult['kind']): Fault {
  return inMethod(
    SimulatedChannel,
    'pushStock',
    (push) =>
      async function (listings, signal, traceparent) {
        const result = await push.call(this, listings, signal, traceparent);
        return result.kind === kind ? allTaken(listings) : result;
      },
  );
}

const allTaken = (listings: readonly ListingStock[]): PushResult => ({
  kind: 'answered',
  listings: new Map(listings.map(({ externalId }): [string, ListingPushResult] => [externalId, { ok: true }])),
});
