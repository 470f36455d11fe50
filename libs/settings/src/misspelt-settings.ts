import { distance } from 'fastest-levenshtein';
import type { Environment } from './define-settings.js';
import { settingsByName } from './settings.js';

/** Names of ours. */
const SETTINGS = [...settingsByName].flatMap(([name, { foreign }]) => (foreign ? [] : [name]));

/** Set by our own tests and images; no program reads them. */
const NOT_SETTINGS = /^EINKLANG_(TEST_\w+|REPLAY_FILE|VERSION)$/;

/** What Kubernetes and Docker set in every container for each service of the cluster. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?|NAME|ENV_\w+)$/;

/** Two letters exchanged are two changes. */
const CHANGES_MAX = 2;

/**
 * A sentence for every variable that looks like a setting of ours and is none. Without it the setting would silently keep its
 * default: an installation that works, on another database or port than was meant.
 */
export function misspeltSettings(environment: Environment): readonly string[] {
  return Object.keys(environment)
    .filter((name) => environment[name] !== undefined && !isKnown(name))
    .flatMap((name) => {
      const meant = SETTINGS.filter((setting) => !environment[setting]).find((setting) => isLike(name, setting));
      if (meant) return [`${name} is no setting. Did you mean ${meant}?`];
      if (!name.toUpperCase().startsWith('EINKLANG_') || SERVICE_LINK.test(name)) return [];
      return [`${name} is no setting. Remove it, or check its spelling: the settings are in docs/settings.md.`];
    });
}

const isKnown = (name: string): boolean => SETTINGS.some((setting) => setting === name) || NOT_SETTINGS.test(name);

/** Short names lie close to one another, so there only upper and lower case is a slip. */
const isLike = (name: string, setting: string): boolean =>
  distance(name.toUpperCase(), setting) <= (setting.length < 10 ? 0 : CHANGES_MAX);
