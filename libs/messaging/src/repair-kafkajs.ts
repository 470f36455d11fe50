import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

/**
 * kafkajs 2.2.4 looks through the empty queue of every connection each millisecond without end, with a negative time-out of
 * which Node warns (tulios/kafkajs#1751). A queue without requests and without throttling needs no look: what is sent
 * later, and every answer, looks by itself.
 */
export function repairKafkajs(): void {
  if (isRepaired) return;
  isRepaired = true;
  const { scheduleCheckPendingRequests } = RequestQueue.prototype;
  RequestQueue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) scheduleCheckPendingRequests.call(this);
  };
}

let isRepaired = false;
