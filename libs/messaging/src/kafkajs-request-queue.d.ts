declare module 'kafkajs/src/network/requestQueue/index.js' {
  /** The part of kafkajs 2.2.4's queue of requests to one broker that is repaired. */
  export default class RequestQueue {
    readonly pending: readonly unknown[];
    readonly throttledUntil: number;
    scheduleCheckPendingRequests(): void;
  }
}
