// What shops, marketplaces and tills send where they have no e-mail address, phone number or account. It identifies no person: the
// hash of one would join all who were sent with it. As data, so that a line more is all it takes.

/** The part of an address before the @, in small letters, without dots, dashes and underscores. */
export const PLACEHOLDER_MAILBOXES: ReadonlySet<string> = new Set([
  ...['noreply', 'donotreply', 'noemail', 'nomail', 'nobody', 'none', 'null', 'undefined', 'unknown', 'nil', 'na'],
  ...['anonymous', 'anonym', 'guest', 'gast', 'dummy', 'placeholder', 'keine', 'keineemail', 'unbekannt', 'walkin'],
]);

/** Domains that receive no mail. */
export const PLACEHOLDER_DOMAINS: ReadonlySet<string> = new Set([
  'none',
  'none.com',
  'na.com',
  'noemail.com',
  'nomail.com',
  'invalid',
  'localhost',
]);

/** In small letters. */
export const PLACEHOLDER_ACCOUNTS: ReadonlySet<string> = new Set([
  ...['0', '-1', '-', '--', '.', 'null', 'none', 'nil', 'undefined', 'unknown', 'n/a', 'na', 'nan', 'false'],
  ...['guest', 'gast', 'anonymous', 'anonym', 'walk-in', 'walkin', 'pos', 'customer', 'kunde', 'default'],
]);

/** Digits that count up or down, as people type them where a number is asked for. */
export const TYPED_DIGITS = '01234567890123456789';
