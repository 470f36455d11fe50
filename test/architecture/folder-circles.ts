/** A module with what it imports, by paths from the root of the project. */
export interface ImportingModule {
  readonly source: string;
  readonly dependencies: readonly { readonly resolved: string }[];
}

/**
 * Folders beside each other that need one another, also round several corners: `apps/a/src/x -> apps/a/src/y` with an import that
 * shows it, for every step of a circle. A folder and the files directly in its parent are one and do not count.
 */
export function folderCircles(modules: readonly ImportingModule[]): string[] {
  const imports = new Map<string, Map<string, string>>();
  for (const { source, dependencies } of modules) {
    for (const { resolved } of dependencies) {
      const step = foldersBeside(source, resolved);
      if (!step) continue;
      const from = imports.get(step.from) ?? new Map<string, string>();
      imports.set(step.from, from.set(step.to, from.get(step.to) ?? `${source} imports ${resolved}`));
    }
  }
  return [...imports].flatMap(([from, targets]) =>
    [...targets].filter(([to]) => leadsTo(imports, to, from)).map(([to, example]) => `${from} -> ${to}: ${example}`),
  );
}

/** Where two paths part, if each goes on into a folder. */
function foldersBeside(source: string, target: string): { from: string; to: string } | undefined {
  const left = source.split('/');
  const right = target.split('/');
  const parting = left.findIndex((part, index) => part !== right[index]);
  if (parting < 0 || parting >= left.length - 1 || parting >= right.length - 1) return undefined;
  return { from: left.slice(0, parting + 1).join('/'), to: right.slice(0, parting + 1).join('/') };
}

function leadsTo(
  imports: ReadonlyMap<string, ReadonlyMap<string, string>>,
  from: string,
  goal: string,
  seen = new Set<string>(),
): boolean {
  if (from === goal) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return [...(imports.get(from)?.keys() ?? [])].some((next) => leadsTo(imports, next, goal, seen));
}
