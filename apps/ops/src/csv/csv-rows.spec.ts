import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { collect } from '../testing/collect.js';
import { type CsvRow, csvPages, openUnpacked } from './csv-rows.js';

describe('CSV rows', () => {
  it('counts lines and splits fields, quoted ones included', async () => {
    const rows = await rowsOf('a,b\r\n1,"x, ""y"""\r\n\r\n2,"two\r\nlines"\r\n3,12" ruler\r\n');
    expect(rows.map(({ line, fields }) => [line, fields])).toEqual([
      [1, ['a', 'b']],
      [2, ['1', 'x, "y"']],
      [4, ['2', 'two\nlines']],
      [6, ['3', '12" ruler']],
    ]);
  });

  it.each([1, 2, 3, 7, 1_000])('gives the same rows whatever the size of the chunks (%s bytes)', async (size) => {
    const text = 'a,b\n1,"£ é\nü"\n2,\u{1F600}\n"last",row';
    expect(await rowsOf(text, size)).toEqual(await rowsOf(text, 100_000));
  });

  it('loses one line to a quote that is never closed, and none after it', async () => {
    const good = Array.from({ length: 120 }, (_, index) => `${index},ok`);
    const rows = await rowsOf(['a,b', '1,"open', ...good].join('\n'));
    expect(rows[1]).toMatchObject({ line: 2, text: '1,"open', problem: 'a quote is opened and never closed' });
    expect(rows.slice(2).map(({ line, text }) => [line, text])).toEqual(good.map((text, index) => [index + 3, text]));
  });

  it('loses each of many lines with an open quote, and none between them', async () => {
    const lines = Array.from({ length: 301 }, (_, index) => (index % 100 === 0 ? `${index},"open` : `${index},ok`));
    const rows = await rowsOf(lines.join('\n'));
    expect(rows.filter(({ problem }) => problem !== undefined).map(({ line }) => line)).toEqual([1, 101, 201, 301]);
    expect(rows.flatMap(({ text }) => text.split('\n'))).toEqual(lines);
  });

  it('drops a line that is too long to be one, and goes on behind it', async () => {
    const rows = await rowsOf(`a,b\n${'x'.repeat(300_000)}\n1,2\n`, 10_000);
    expect(rows.map(({ line, problem }) => [line, problem !== undefined])).toEqual([
      [1, false],
      [2, true],
      [3, false],
    ]);
  });

  it('shows bytes that are not UTF-8 as U+FFFD', async () => {
    const rows = (await collect(csvPages(chunksOf(Buffer.from('a\nb\xff\n', 'latin1'), 64), ','))).flat();
    expect(rows[1]?.text).toBe('b\uFFFD');
  });

  it('leaves out a byte order mark and takes another delimiter', async () => {
    const rows = (await collect(csvPages(chunksOf(Buffer.from('\uFEFFa;b\n1;"2;3"\n'), 64), ';'))).flat();
    expect(rows.map(({ fields }) => fields)).toEqual([
      ['a', 'b'],
      ['1', '2;3'],
    ]);
  });

  it.each([
    ['plain', (text: string) => Buffer.from(text)],
    ['gzip', (text: string) => gzipSync(text)],
    ['zstd', (text: string) => zstdCompressSync(text)],
  ])('opens a %s file by its first bytes', async (_name, pack) => {
    const folder = await mkdtemp(join(tmpdir(), 'csv-'));
    try {
      const path = join(folder, 'data.bin');
      await writeFile(path, pack('a,b\n1,2\n'));
      const rows = (await collect(csvPages(await openUnpacked(path), ','))).flat();
      expect(rows.map(({ fields }) => fields.join())).toEqual(['a,b', '1,2']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('fails on a file that is cut off within its packing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'csv-'));
    try {
      const path = join(folder, 'data.gz');
      await writeFile(path, gzipSync('a,b\n1,2\n'.repeat(1_000)).subarray(0, 40));
      await expect(collect(csvPages(await openUnpacked(path), ','))).rejects.toThrow('unexpected end of file');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

async function rowsOf(text: string, chunkBytes = 64): Promise<CsvRow[]> {
  return (await collect(csvPages(chunksOf(Buffer.from(text), chunkBytes), ','))).flat();
}

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
