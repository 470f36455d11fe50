import { registerHooks } from 'node:module';
import type { Edit, PlantedBug } from './planting.js';

const bugs = new Map<string, PlantedBug>();
const PARAMETER = '?bug=';

/**
 * Gives the address under which a module and everything of ours it imports is loaded once more, with the bug in it. The
 * files stay as they are.
 */
export function withBug(bug: PlantedBug, url: string): string {
  bugs.set(bug.name, bug);
  return `${url}${PARAMETER}${bug.name}`;
}

/** Lets modules be loaded several times: those that a module with a bug imports get the bug as well. */
export function allowPlanting(): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      const name = bugOf(context.parentURL);
      return name && isOurs(found.url) ? { ...found, url: `${found.url}${PARAMETER}${name}` } : found;
    },
    load: (url, context, next) => {
      const loaded = next(url, context);
      const bug = bugs.get(bugOf(url) ?? '');
      if (!bug || loaded.source === null || loaded.source === undefined) return loaded;
      const edits = (bug.edits ?? []).filter(({ file }) =>
        url.includes(`/dist/${file.replace(/\.ts$/, '.js')}${PARAMETER}`),
      );
      return { ...loaded, source: edits.reduce(edited, textOf(loaded.source)) };
    },
  });
}

function edited(source: string, { file, find, replace }: Edit): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`The bug does not fit: ${find} stands ${parts.length - 1} times in ${file}.`);
  return parts.join(replace);
}

const bugOf = (url: string | undefined): string | undefined => url?.split(PARAMETER)[1];

/** The system and the world around it; not the machinery below, of which there is one. */
const isOurs = (url: string): boolean =>
  /\/dist\/(apps|libs|test\/simulation)\//.test(url) && !/\/test\/simulation\/(kit|database)\//.test(url);

const textOf = (source: string | ArrayBuffer | NodeJS.TypedArray): string =>
  typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString('utf8');
