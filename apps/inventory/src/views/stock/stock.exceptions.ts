import type { ExceptionSource } from '#platform';
import { schemaOf } from '#read-models';
import { shortagesProjection } from '../shortages/shortages.projection.js';
import { stockProjection } from './stock.projection.js';

const STOCK = schemaOf(stockProjection.name);
const SHORTAGES = schemaOf(shortagesProjection.name);

/** Where the goods of such a channel come from is not decided, so it is shown no number. */
export const channelsWithoutSupply: ExceptionSource = {
  kind: 'channel-without-supply',
  whatToDo:
    'Say which locations supply the channel (PUT /v1/supply-maps/{channel}), or correct the spelling of the channel where it is sent.',
  openCases: `
    select channel.key as subject, (channel.value #>> '{}')::timestamptz as since,
           'Stock was asked for on this channel, and it has no supply map: it is shown no number.' as detail
      from ${STOCK}.supply cross join lateral jsonb_each(supply -> 'inUse') as channel
     where not (supply -> 'channels' ? channel.key)`,
};

/** Facts are recorded wherever they happened; what stands where no location is open is on offer nowhere. */
export const goodsAtNoOpenLocation: ExceptionSource = {
  kind: 'goods-at-no-open-location',
  whatToDo: 'Open the location (PUT /v1/locations/{locationId}), or move the units to an open one and count.',
  openCases: `
    select sku || ' at ' || location.key as subject, (location.value ->> 'since')::timestamptz as since,
           (location.value ->> 'units') || ' units stand at a location that is not open, and no channel is shown them.' as detail
      from ${STOCK}.stock cross join lateral jsonb_each(stranded) as location where stranded is not null`,
};

/** One thing under two spellings: sold as one, stocked as the other. */
export const lookAlikeSkus: ExceptionSource = {
  kind: 'sku-look-alike',
  whatToDo:
    'If both are one thing, send the SKU in one spelling and move the order or the goods to it; if not, receive what is missing.',
  openCases: `
    select short.sku || ' and ' || other.sku as subject, min(shortage.opened_at) as since,
           sum(shortage.units) || ' units of ' || short.sku || ' are sold and missing, while ' || other.sku || ' is in stock.' as detail
      from ${SHORTAGES}.shortages as shortage
      join ${STOCK}.look_alikes as short on short.sku = shortage.sku
      join ${STOCK}.look_alikes as other on other.key = short.key and other.sku <> short.sku
      join ${STOCK}.stock as stocked on stocked.sku = other.sku
     where shortage.resolved_at is null
       and exists (select from jsonb_each(stocked.figures -> 'levels') as level where (level.value ->> 'onHand')::bigint > 0)
     group by short.sku, other.sku`,
};
