import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface LockedPackage {
  readonly version: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lockFile: { packages: Record<string, LockedPackage> } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const packages = Object.entries(lockFile.packages);

describe('package-lock.json', () => {
  // npm leaves out what the registry did not offer when the file was written, and `npm ci` then fails everywhere else.
  it('names the binaries of every platform', () => {
    const wanted = packages.flatMap(([, { optionalDependencies }]) => Object.keys(optionalDependencies ?? {}));
    const missing = wanted.filter((name) => !packages.some(([path]) => path.endsWith(`node_modules/${name}`)));

    expect(wanted.length).toBeGreaterThan(30);
    expect(missing).toEqual([]);
  });

  it('ties no reader to the registry it was written with', () => {
    expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });
});
