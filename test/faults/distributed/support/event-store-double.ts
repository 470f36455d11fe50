import { startEventStoreDbDouble } from '../../../../libs/testing/src/eventstoredb-double/index.js';

// The event store of services that are killed: a process of its own, which outlives them. Tells its address, and stays.
const double = await startEventStoreDbDouble({ maxAppendBytes: 16 * 1024 * 1024 });
process.send?.({ url: double.url() });
process.on('disconnect', () => process.exit());
