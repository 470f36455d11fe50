/**
 * The ids of the last commands a stream answered, so that a repeated command changes nothing. Ids are found again after
 * a restart in the metadata of the stream's events and in its snapshot.
 */
export class RecentCommands {
  private readonly ids = new Set<string>();

  constructor(private readonly limit: number) {}

  has(commandId: string): boolean {
    return this.ids.has(commandId);
  }

  add(commandId: string): void {
    this.ids.add(commandId);
    if (this.ids.size <= this.limit) return;
    for (const oldest of this.ids) {
      this.ids.delete(oldest);
      return;
    }
  }

  toJSON(): string[] {
    return [...this.ids];
  }
}
