import type { ExceptionSource } from '#platform';

/** What of this service waits for a person. */
export const CHANNEL_EXCEPTIONS: readonly ExceptionSource[] = [
  {
    kind: 'unreadable-message',
    whatToDo:
      'Look the order up at the channel: nothing of it is recorded yet. The message is kept and is read again at every start; after an update that understands it, or when the channel has mended it, retry it with POST /v1/channels/{channel}/parked-sales/{id}/retry.',
    openCases: `
      select channel || ' ' || id as subject, received_at as since,
             coalesce('Order ' || external_order_id, 'A message') || ' of ' || channel || ' is not understood: ' || error as detail
        from channels.intake where state = 'parked' and sealed is not null`,
  },
  {
    kind: 'unrecorded-sale',
    whatToDo:
      'Read the error and mend its cause, then retry the sale with POST /v1/channels/{channel}/parked-sales/{id}/retry.',
    openCases: `
      select channel || ' ' || id as subject, received_at as since,
             'Order ' || external_order_id || ' of ' || channel || ' could not be recorded: ' || error as detail
        from channels.intake where state = 'parked' and sale is not null`,
  },
];
