import {
  describeEventStoreContract,
  type EventStoreDbDouble,
  MAX_APPEND_BYTES_MAX,
  startEventStoreDbDouble,
} from '#testing';
import { EventStoreDbStore } from './eventstoredb-store.js';

const serverUrl = process.env.EVENTSTOREDB_URL;
let double: EventStoreDbDouble | undefined;

/** The suite stores events of 1 MiB and 10,000 events at once: as a server that is set up for us, the double takes 16 MiB. */
const openUrl = async (): Promise<string> => {
  if (serverUrl) return serverUrl;
  double = await startEventStoreDbDouble({ maxAppendBytes: MAX_APPEND_BYTES_MAX });
  return double.url();
};

describeEventStoreContract(
  `EventStoreDbStore on ${serverUrl ? 'the server at EVENTSTOREDB_URL' : 'the protocol double'}`,
  async () => EventStoreDbStore.open({ url: await openUrl() }),
  async () => double?.stop(),
);
