import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readJson } from './support/files.js';

const dockerfile = readFileSync('deploy/docker/Dockerfile', 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n/g, '');
const lines = dockerfile.split('\n').filter((line) => line.trim() !== '');
const manifest = z.object({ dependencies: z.record(z.string(), z.string()) }).parse(readJson('package.json'));

describe('the image', () => {
  it('runs the Node the project is pinned to', () => {
    const [, version] = /^ARG NODE_IMAGE=node:(\d+\.\d+\.\d+)-/m.exec(dockerfile) ?? [];
    expect(version).toBe(manifest.dependencies.node);
  });

  it('runs as a user that is not root, from a base that is pinned', () => {
    expect(lines.findLast((line) => line.startsWith('USER'))).toMatch(/^USER [1-9]\d*:[1-9]\d*$/);
    expect(
      lines.filter((line) => line.startsWith('FROM')).every((line) => line.startsWith(`FROM $\{NODE_IMAGE}`)),
    ).toBe(true);
  });

  it('copies from the checkout what is there and what .dockerignore lets through', () => {
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1))
      .filter((path) => path !== '.');
    expect(copied.length).toBeGreaterThan(4);
    expect(copied.filter((path) => !existsSync(path))).toEqual([]);
    const passed = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(copied.filter((path) => !passed.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)))).toEqual(
      [],
    );
  });

  it('builds with what .dockerignore lets through', () => {
    const ignored = readFileSync('.dockerignore', 'utf8');
    for (const needed of ['apps', 'libs', 'nest-cli.json', '.swcrc', 'tsconfig.json'])
      expect(ignored).toContain(`!${needed}\n`);
  });
});
