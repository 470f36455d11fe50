import { z } from 'zod';

/** One environment variable of ours: the only place that names it. */
export interface Setting<Shape extends z.ZodType = z.ZodType> {
  /** What it becomes. Messages continue the sentence "<variable> must be …". Optional, or with a default, where it may be unset. */
  readonly shape: Shape;
  /** What it is for, in a few words. */
  readonly says: string;
  /** What holds where it is unset, where the shape does not have that as a default. */
  readonly unset?: string;
  /** Its value is never repeated in a message. */
  readonly secret?: true;
  /** A service that runs alone cannot do without it. */
  readonly neededAlone?: true;
  /** A name of OpenTelemetry, not ours, so nothing that is like it is taken for a slip. */
  readonly foreign?: true;
}

/** Settings that are read together. */
export interface SettingsGroup<Shapes extends Readonly<Record<string, z.ZodType>>> {
  /** Who reads them, as a heading. */
  readonly of: string;
  readonly settings: { readonly [Name in keyof Shapes]: Setting<Shapes[Name]> };
  /** What must hold between them, as sentences by variable that end "<variable> must be …". */
  readonly check?: (values: ValuesOf<Shapes>) => Readonly<Record<string, string>>;
}

/** The values of a group, as its shapes make them. */
export type ValuesOf<Shapes extends Readonly<Record<string, z.ZodType>>> = {
  readonly [Name in keyof Shapes]: z.output<Shapes[Name]>;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** Some variables have values that cannot be: one sentence each, a line for every variable. */
export class WrongSettings extends TypeError {
  override readonly name = 'WrongSettings';

  constructor(readonly sentences: readonly string[]) {
    super(sentences.join('\n'));
  }
}

/** Keeps the names and shapes of a group. */
export const defineSettings = <Shapes extends Readonly<Record<string, z.ZodType>>>(
  group: SettingsGroup<Shapes>,
): SettingsGroup<Shapes> => group;

/** An empty value counts as unset. */
export const givenIn = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== '' && value !== undefined));

/** The values of a group in `environment`. Throws {@link WrongSettings}; secrets are not repeated in it. */
export function readSettings<Shapes extends Readonly<Record<string, z.ZodType>>>(
  { settings, check }: SettingsGroup<Shapes>,
  environment: Environment,
): ValuesOf<Shapes> {
  const given = givenIn(environment);
  const wrong: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { shape, secret }] of Object.entries<Setting>(settings)) {
    const { data, error } = shape.safeParse(given[name]);
    if (data !== undefined) values[name] = data;
    const found = secret || given[name] === undefined ? '' : `, not "${given[name]}"`;
    for (const { message } of error?.issues ?? []) wrong.push(`${name} must be ${message}${found}.`);
  }
  if (wrong.length > 0) throw new WrongSettings(wrong);
  const read = values as ValuesOf<Shapes>;
  const unmet = Object.entries(check?.(read) ?? {}).map(([name, rule]) => `${name} must be ${rule}.`);
  if (unmet.length > 0) throw new WrongSettings(unmet);
  return read;
}

/** What holds where a setting is not given, for documents: empty where it has to be given. */
export function defaultOf({ shape, unset }: Setting): string {
  if (unset !== undefined) return unset;
  const { data } = shape.safeParse(undefined);
  return data === undefined ? '' : String(data);
}
