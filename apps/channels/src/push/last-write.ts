/** An answer that is being stored while the next request is on its way. */
export class LastWrite {
  #write: Promise<unknown> = Promise.resolve();

  begin(write: Promise<unknown>): void {
    this.#write = write;
  }

  /** Throws when it could not be stored, and only once: what was lost is in the ledger as still due. */
  async done(): Promise<void> {
    const write = this.#write;
    this.#write = Promise.resolve();
    await write;
  }
}
