/**
 * How long a queue needs, from the turns of late. Counted in turns and not in commands: a turn of a thousand takes hardly
 * longer than a turn of one, so what a command costs under light load says nothing about a full queue. Averages are
 * weighted by commands, so that many small turns do not hide the large ones.
 */
export class DrainEstimate {
  private msPerTurn = 10;
  private commandsPerTurn: number;
  private perStream: number;

  constructor(private readonly maxPerTurn: number) {
    this.commandsPerTurn = maxPerTurn;
    this.perStream = maxPerTurn;
  }

  /** So many commands, of any streams, were decided in one turn that took at most `perStream` of each. */
  turnTaken(commands: number, perStream: number): void {
    this.commandsPerTurn = this.average(this.commandsPerTurn, commands, commands);
    this.perStream = this.average(this.perStream, perStream, commands);
  }

  /** So many commands were decided, stored and answered together. */
  groupStored(commands: number, ms: number): void {
    this.msPerTurn = this.average(this.msPerTurn, ms, commands);
  }

  /** Milliseconds until one stream has answered so many commands. */
  ofStream(waiting: number): number {
    return Math.ceil(waiting / this.perStream) * this.msPerTurn;
  }

  /** Milliseconds until all streams have, whose turns run side by side. */
  ofService(waiting: number): number {
    return Math.ceil(waiting / Math.max(this.commandsPerTurn, this.perStream)) * this.msPerTurn;
  }

  private average(average: number, value: number, commands: number): number {
    return average + ((value - average) * commands) / (commands + REMEMBERED_TURNS * this.maxPerTurn);
  }
}

/** Fewer, and a pause of the garbage collector would tell callers to wait five times too long. */
const REMEMBERED_TURNS = 8;
