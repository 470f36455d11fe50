/**
 * Does all work at once, but what shares a key one after the other, in the order given; what comes after a failure with
 * the same key is not begun. Resolves when nothing is under way any more; rejects with the first failure.
 */
export async function inOrderPerKey<Item>(
  items: readonly Item[],
  keysOf: (item: Item) => readonly string[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const last = new Map<string, Promise<void>>();
  const all = items.map((item) => {
    const keys = keysOf(item);
    const done = Promise.all(keys.map((key) => last.get(key))).then(() => work(item));
    for (const key of keys) last.set(key, done);
    return done;
  });
  const settled = await Promise.allSettled(all);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
}
