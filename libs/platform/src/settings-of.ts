import type { z } from 'zod';
import { type Environment, readSettings, type SettingsGroup, type ValuesOf, WrongSettings } from '#settings';
import { StartupError } from './startup-error.js';

/**
 * The settings of a group, for a program that starts. Throws {@link StartupError} with a sentence per wrong value, and those that
 * `others` finds.
 */
export function settingsOf<Shapes extends Readonly<Record<string, z.ZodType>>>(
  group: SettingsGroup<Shapes>,
  environment: Environment,
  others: () => readonly string[] = () => [],
): ValuesOf<Shapes> {
  const read = attempt(group, environment);
  const refusals = [...(read instanceof WrongSettings ? read.sentences : []), ...others()];
  if (read instanceof WrongSettings || refusals.length > 0) throw new StartupError(refusals.join('\n'));
  return read;
}

function attempt<Shapes extends Readonly<Record<string, z.ZodType>>>(
  group: SettingsGroup<Shapes>,
  environment: Environment,
): ValuesOf<Shapes> | WrongSettings {
  try {
    return readSettings(group, environment);
  } catch (error) {
    if (error instanceof WrongSettings) return error;
    throw error;
  }
}
