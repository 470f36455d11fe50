// Follows one topic of Einklang with the plain kafkajs client and prints a line per event.
//
//   npm install kafkajs
//   node consume-events.ts localhost:9092 einklang.orders.events my-group        (Node 24 runs it as it is)
import kafkajs from 'kafkajs';

const [brokers = 'localhost:9092', topic = 'einklang.orders.events', groupId = 'my-group'] = process.argv.slice(2);

// Keep this where the effect of the events is kept, in the same transaction: then a repeat has no second effect.
const lastPosition = new Map<number, number>();

const kafka = new kafkajs.Kafka({ brokers: brokers.split(','), clientId: 'sample', logLevel: kafkajs.logLevel.ERROR });
const consumer = kafka.consumer({ groupId });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  eachMessage: async ({ partition, message }) => {
    const header = (name: string) => message.headers?.[name]?.toString() ?? '';
    const position = Number(header('ce_position'));
    if (position <= (lastPosition.get(partition) ?? 0)) return; // It came before.
    const data = JSON.parse(message.value?.toString() ?? '{}');
    console.log(position, header('ce_subject'), header('ce_revision'), header('ce_type'), JSON.stringify(data));
    lastPosition.set(partition, position);
  },
});

process.once('SIGTERM', () => consumer.disconnect());
process.once('SIGINT', () => consumer.disconnect());
