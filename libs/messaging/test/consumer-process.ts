import { openReadModels } from '#read-models';
import { Consumer } from '../src/consumer.js';
import { openKafka } from '../src/kafka-client.js';
import { note, registry } from './counting.js';

// A consumer in a process of its own, to be killed: writes the rows of its second page, says so, and never commits.
const [brokers = '', topic = '', url = ''] = process.argv.slice(2);

const readModels = await openReadModels({ url });
const kafka = openKafka({ brokers: brokers.split(','), clientId: 'killed' }, readModels.log);
let pages = 0;
const consumer = new Consumer(
  kafka,
  readModels,
  {
    name: topic,
    topics: [topic],
    types: ['Counted'],
    pageSize: 20,
    handle: async (page, tx) => {
      await note(page, tx);
      pages += 1;
      if (pages < 2) return;
      process.stdout.write('in the middle\n');
      await new Promise(() => {});
    },
  },
  { registry, sessionTimeoutMs: 6_000 },
);
consumer.start();
