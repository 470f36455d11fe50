import type { ExceptionSource } from '#platform';
import { isClosed } from './push/push-ledger.js';

/** What of this service waits for a person. */
export const CHANNEL_EXCEPTIONS: readonly ExceptionSource[] = [
  {
    kind: 'unreadable-message',
    whatToDo:
      'Look the order up at the channel: nothing of this message is recorded. It is kept and read again at every start; retry it after an update that understands it with POST /v1/channels/{channel}/parked-sales/{id}/retry. Where the order came another way, or there is none, close the case with …/{id}/dismiss.',
    openCases: `
      select channel || ' ' || id as subject, received_at as since,
             coalesce('Order ' || external_order_id, 'A message') || ' of ' || channel || ' is not understood: ' || error as detail
        from channels.intake where state = 'parked' and sealed is not null`,
  },
  {
    kind: 'unrecorded-sale',
    whatToDo:
      'Read the error and mend its cause, then retry the sale with POST /v1/channels/{channel}/parked-sales/{id}/retry. The case closes too when the channel sends the order again and it is recorded; where the order was recorded another way, close it with …/{id}/dismiss.',
    openCases: `
      select channel || ' ' || id as subject, received_at as since,
             'Order ' || external_order_id || ' of ' || channel || ' could not be recorded: ' || error as detail
        from channels.intake where state = 'parked' and sale is not null`,
  },
  {
    kind: 'channel-unreachable',
    whatToDo:
      'See whether the channel is up and its address and credentials are right. It goes on by itself when the channel gives an answer; until then no number goes up.',
    openCases: `
      select channel || ': ' || errand as subject, since,
             channel || ' cannot be reached to ' || errand || ': ' || error as detail
        from channels.unreachable u where since < now() - interval '1 minute' and not ${isClosed('u.channel')}`,
  },
  {
    kind: 'ending-offer',
    whatToDo: 'The channel may still sell what ended: end it at the channel, or see why it does not take the 0.',
    openCases: `
      select channel || ' ' || external_id as subject, ended_at as since,
             'Offer ' || external_id || ' (' || sku || ') of ' || channel || ' ended and may still show '
               || coalesce(acknowledged_quantity::text, 'a number') || coalesce(': ' || last_error, '') as detail
        from channels.push_ledger where ended_at < now() - interval '5 minutes'
      union all
      select s.channel, s.since,
             s.channel || ' is closed and may still show a number for ' || l.offers || ' of its offers' || coalesce(': ' || l.error, '')
        from channels.closing s cross join lateral (
          select count(*) as offers, min(last_error) as error from channels.push_ledger
           where channel = s.channel and ended_at is null and wanted_sequence > acknowledged_sequence) l
       where s.closed and s.since < now() - interval '5 minutes' and l.offers > 0`,
  },
  {
    kind: 'refused-listing',
    whatToDo:
      'The channel takes the numbers of others and not of this listing: compare its external id and state at the channel.',
    openCases: `
      select channel || ' ' || external_id as subject, refused_at as since,
             'Listing ' || external_id || ' (' || sku || ') was refused by ' || channel || ': ' || coalesce(last_error, '') as detail
        from channels.push_ledger where refused_at is not null and ended_at is null and closed_at is null`,
  },
  {
    kind: 'capped-number',
    whatToDo:
      'More units are available than a channel is ever shown: look for a receipt or count with too many digits.',
    openCases: `
      select channel || ' ' || external_id as subject, coalesce(wanted_since, acknowledged_at, listed_at) as since,
             'Listing ' || external_id || ' (' || sku || ') of ' || channel || ' gets ' || wanted_quantity
               || ', the most that any gets' as detail
        from channels.push_ledger where capped`,
  },
  {
    kind: 'channel-without-numbers',
    whatToDo: 'Name the locations that supply the channel: PUT /v1/supply-maps/{channel}.',
    openCases: `
      select l.channel as subject, min(l.listed_at) as since,
             l.channel || ' gets no number for ' || count(*) || ' listings although they have stock: no location supplies it' as detail
        from channels.push_ledger l join channels.availability a on a.sku = l.sku
       where l.wanted_sequence < 0 and l.ended_at is null group by l.channel`,
  },
];
