/** The key of the installations in test/golden, with which their buyers are hashed. */
export const HASH_KEY = 'the key of installations that only these specs know';
