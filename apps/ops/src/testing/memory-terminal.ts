import { Writable } from 'node:stream';
import type { Terminal } from '../console/terminal.js';

/** A terminal that keeps what is written to it. */
export interface MemoryTerminal extends Terminal {
  text(): string;
  errors(): string;
}

export function memoryTerminal(): MemoryTerminal {
  const [out, err] = [new Recorder(), new Recorder()];
  return { out, err, text: () => out.text, errors: () => err.text };
}

class Recorder extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
