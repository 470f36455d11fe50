import type { Random } from './random.js';

export interface ShopCustomer {
  readonly email: string;
  readonly phone: string;
  readonly customerId: string;
}

/**
 * One of {@link POPULATION} people, who exist nowhere else: the mail domain is reserved for examples (RFC 2606) and no
 * country has the calling code 999. The same person has the same e-mail and phone on every channel, and another customer id.
 */
export function somebody(random: Random, channel: string): ShopCustomer {
  // The square makes regulars: half of all orders come from a quarter of the people.
  const number = Math.floor(random() ** 2 * POPULATION);
  const first = FIRST_NAMES[number % FIRST_NAMES.length];
  const last = LAST_NAMES[Math.floor(number / FIRST_NAMES.length) % LAST_NAMES.length];
  return {
    email: `${first}.${last}.${number}@example.com`,
    phone: `+99955${String(number).padStart(7, '0')}`,
    customerId: `${channel}-customer-${number}`,
  };
}

export const POPULATION = 20_000;

const FIRST_NAMES = [
  'ada',
  'ben',
  'carla',
  'deniz',
  'emil',
  'fatima',
  'greta',
  'hugo',
  'ines',
  'jonas',
  'kim',
  'lena',
  'malik',
  'nora',
  'oskar',
  'paula',
];
const LAST_NAMES = [
  'adler',
  'berger',
  'conti',
  'demir',
  'engel',
  'fuchs',
  'garcia',
  'horvat',
  'ivanov',
  'jansen',
  'keller',
  'lindgren',
  'moreau',
  'novak',
  'okafor',
  'petersen',
];
