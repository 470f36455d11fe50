import { serviceNames } from '#contracts';
import { settingsByName } from '#settings';

/** Every environment variable our programs read. */
export const knownVariables = (): ReadonlySet<string> => new Set(settingsByName.keys());

/** The services by name, in the order of the alphabet. */
export const services = serviceNames.toSorted();
