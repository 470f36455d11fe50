import type { Customer } from './shop.js';

/** Some share a phone; what an account is called means something on its channel alone. */
export const CUSTOMERS: readonly Required<Customer>[] = [
  ['ada', '+49 30 9471 5'],
  ['bob', '+49 30 9471 5'],
  ['cleo', '+49 89 2716 8'],
  ['dan', '+49 40 5183 6'],
  ['eve', '+49 40 5183 6'],
  ['fay', '+49 40 5183 6'],
].map(([name = '', phone = '']) => ({ email: `${name}@home.net`, phone, channelCustomerId: `account-${name}` }));

/** What of them must stand in no event. */
export const IN_CLEAR = /@home\.net|\+49 |account-/;
