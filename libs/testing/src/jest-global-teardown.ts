/** Stops the server that the specs of this run started, and removes its data. */
export default async function tearDown(): Promise<void> {
  await globalThis.removeTestDatabase?.();
}
