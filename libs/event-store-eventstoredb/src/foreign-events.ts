import { categoryOf } from '#event-sourcing';

/** Events of other applications in the same server, which every reader passes over. */
export class ForeignEvents {
  #count = 0;
  readonly #named = new Set<string>();

  constructor(private readonly log: (message: string) => void) {}

  /** How many were passed over, by all readers of this process together. */
  get count(): number {
    return this.#count;
  }

  /** Says so once for each kind of stream. */
  passOver(stream: string): void {
    this.#count += 1;
    const category = categoryOf(stream);
    if (this.#named.has(category) || this.#named.size >= NAMED_MAX) return;
    this.#named.add(category);
    this.log(
      `Stream ${stream} holds events that this application did not write; they are passed over. Give it an EventStoreDB of its own: streams of the same name would meet.`,
    );
  }
}

const NAMED_MAX = 100;
