import { describe, expect, it } from '@jest/globals';
import { orderEvents } from './events/orders.js';
import { stockEvents } from './events/stock.js';
import { asStored, publishesOf } from './publishes.js';
import { allEvents, eventsByCategory, isOfProcesses, ownerOf } from './registry.js';
import { serviceNames, services, topicOfEvents } from './services.js';

describe('what a service publishes', () => {
  it('goes out on its topic, by stored name', () => {
    const { topic, messages } = publishesOf('inventory', asStored(stockEvents));
    expect(topic).toBe('einklang.inventory.events');
    expect([...messages.keys()]).toEqual(Object.keys(stockEvents));
    expect(messages.get('StockReceived')?.from({ units: 1 })).toEqual({ units: 1 });
  });

  it('is of its own events alone', () => {
    expect(() => publishesOf('inventory', asStored(orderEvents))).toThrow(/^inventory cannot publish .*OrderSubmitted/);
  });
});

describe('the list of services', () => {
  it('gives every category of streams, and so every event, one owner', () => {
    const categories = serviceNames.flatMap((name) => [...services[name].categories]);
    expect(categories.toSorted()).toEqual(Object.keys(eventsByCategory).toSorted());
    const owned = Object.keys(allEvents).filter((type) => !isOfProcesses(type));
    for (const type of owned) expect(serviceNames).toContain(ownerOf(type));
    expect(() => ownerOf('NothingOfOurs')).toThrow('No service stores NothingOfOurs.');
  });

  it('gives every service the topic of its events, and lets it consume topics of others only', () => {
    const topics = serviceNames.flatMap((name) => [...services[name].topics]);
    for (const name of serviceNames) {
      const own: readonly string[] = services[name].topics;
      expect(own).toContain(topicOfEvents(name));
      for (const topic of services[name].consumes) {
        expect(topics).toContain(topic);
        expect(own).not.toContain(topic);
      }
    }
  });
});
