export * from './describe-with-kafka.js';
export * from './kafka-cluster.js';
export * from './kafka-jars.js';
export type { KafkaSecurity } from './kafka-node.js';
export * from './shared-kafka.js';
