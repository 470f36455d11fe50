import { registerHooks } from 'node:module';

/** A fault that a programmer might make, put into the running system at the seams it names. */
export interface PlantedBug {
  /** In kebab-case. */
  readonly name: string;
  /** What the system does wrong, in a sentence. */
  readonly what: string;
  readonly faults: readonly Fault[];
}

/** Puts a fault into the system, and gives what takes it out again. */
export type Fault = () => () => void;

/**
 * Lets functions of the system be exchanged while it runs: each function that one of its modules declares and exports
 * (`export function`) becomes a seam, for callers in the same module as well. Call it before the system is loaded.
 */
export function openSeams(): void {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (!IS_PRODUCTION.test(url) || !loaded.source) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString();
      const names = [...source.matchAll(EXPORTED_FUNCTION)].map(([, name]) => name);
      if (names.length === 0) return loaded;
      // Declared functions may be assigned to, before anything in the module has run. On the first line: the others keep their numbers.
      const opening = names.map((name) => `${name} = $seam(${name});`).join('');
      return { ...loaded, source: `import { seam as $seam } from '${import.meta.url}';${opening}${source}` };
    },
  });
}

const IS_PRODUCTION = /\/dist\/(apps|libs)\/.*\.js$/;
/** What the compiler leaves of a comment stands before it on the same line. */
const EXPORTED_FUNCTION = /(?:^|\*\/ )export (?:async )?function\*? ?(\w+)/gm;

/** What runs in the place of a function, by the function that its callers know. */
const current = new WeakMap<object, { run: AnyFunction }>();

/** The function as its callers know it. Modules whose seams are open call this on theirs. */
export function seam(original: AnyFunction): AnyFunction {
  const inside = { run: original };
  const known = function (this: unknown, ...given: never[]): unknown {
    return inside.run.apply(this, given);
  };
  current.set(known, inside);
  return known;
}

/** A fault in an exported function of the system: it runs what `faulty` makes of it. */
export function inFunction<Seam extends AnyFunction>(exported: Seam, faulty: (original: Seam) => NoInfer<Seam>): Fault {
  return () => {
    const inside = current.get(exported);
    if (!inside) throw new Error(`No seam: production code has no \`export function\` like this one: ${exported}`);
    const { run } = inside;
    inside.run = faulty(run as Seam);
    return () => {
      inside.run = run;
    };
  };
}

/** A fault in a method of a class that the system exports. */
export function inMethod<Instance extends object, Name extends MethodName<Instance>>(
  { prototype }: { readonly prototype: Instance },
  name: Name,
  faulty: (original: Method<Instance, Name>) => Method<Instance, Name>,
): Fault {
  return () => {
    const sound = Object.getOwnPropertyDescriptor(prototype, name);
    if (typeof sound?.value !== 'function')
      throw new Error(`No seam: ${prototype.constructor.name} has no method ${String(name)}.`);
    Object.defineProperty(prototype, name, { ...sound, value: faulty(sound.value) });
    return () => Object.defineProperty(prototype, name, sound);
  };
}

/** Puts a bug into the system, and gives what takes it out again. Throws where a seam that it names is no longer there. */
export function plant({ faults }: PlantedBug): () => void {
  const planted: (() => void)[] = [];
  const remove = (): void => {
    for (const undo of planted.splice(0).reverse()) undo();
  };
  try {
    for (const fault of faults) planted.push(fault());
    return remove;
  } catch (error) {
    remove();
    throw error;
  }
}

type AnyFunction = (...given: never[]) => unknown;

type MethodName<Instance> = {
  [Name in keyof Instance]: Instance[Name] extends AnyFunction ? Name : never;
}[keyof Instance];

type Method<Instance, Name extends keyof Instance> = Instance[Name] extends (...given: infer Given) => infer Result
  ? (this: Instance, ...given: Given) => Result
  : never;
