import {
  MAX_APPEND_BYTES_MAX,
  startEventStoreDbDouble,
} from '../../../../libs/testing/src/eventstoredb-double/index.js';

// The event store of services that are killed: a process of its own, which outlives them. Tells its address, and stays.
const double = await startEventStoreDbDouble({ maxAppendBytes: MAX_APPEND_BYTES_MAX });
process.send?.({ url: double.url() });
process.on('disconnect', () => process.exit());
