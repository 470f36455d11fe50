import { SingleBar } from 'cli-progress';

/** Where a command writes: results to `out`, progress and warnings to `err`. */
export interface Terminal {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** The progress of one piece of long work. */
export interface Progress {
  /** `note` stands behind the bar, such as a rate. */
  update(value: number, note?: string): void;
  end(): void;
}

export const writeLine = ({ out }: Terminal, line: string): void => {
  out.write(`${line}\n`);
};

/** A bar on a terminal; elsewhere a plain line at the start, at the end, and every few seconds between. */
export function startProgress(terminal: Terminal, title: string, total: number): Progress {
  return terminal.err.isTTY ? new BarProgress(terminal, title, total) : new LineProgress(terminal, title, total);
}

export const formatNumber = (value: number): string => Math.round(value).toLocaleString('en-GB');

export const formatSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

class BarProgress implements Progress {
  readonly #bar: SingleBar;

  constructor({ err }: Terminal, title: string, total: number) {
    this.#bar = new SingleBar({
      format: `${title} [{bar}] {percentage} % | {value} of {total} | {duration_formatted} {note}`,
      stream: err,
      hideCursor: true,
      etaBuffer: 100,
      gracefulExit: false,
      formatValue: (value, _options, type) =>
        type === 'value' || type === 'total' ? formatNumber(value) : String(value),
    });
    this.#bar.start(total, 0, { note: '' });
  }

  update(value: number, note = ''): void {
    this.#bar.update(value, { note });
  }

  end(): void {
    this.#bar.stop();
  }
}

const LINE_EVERY_MS = 5_000;

class LineProgress implements Progress {
  #value = 0;
  #writtenAt = performance.now();
  readonly #startedAt = performance.now();

  constructor(
    private readonly terminal: Terminal,
    private readonly title: string,
    private readonly total: number,
  ) {
    this.#write(`${title}: ${formatNumber(total)} to do`);
  }

  update(value: number, note = ''): void {
    this.#value = value;
    if (performance.now() - this.#writtenAt < LINE_EVERY_MS) return;
    this.#writtenAt = performance.now();
    this.#write(`${this.title}: ${formatNumber(value)} of ${formatNumber(this.total)} ${note}`.trimEnd());
  }

  end(): void {
    this.#write(`${this.title}: ${formatNumber(this.#value)} in ${formatSeconds(performance.now() - this.#startedAt)}`);
  }

  #write(line: string): void {
    this.terminal.err.write(`${line}\n`);
  }
}
