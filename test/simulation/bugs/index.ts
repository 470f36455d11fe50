import type { PlantedBug } from '../kit/planting.js';
import { channelBugs } from './channels.js';
import { commandBugs } from './commands.js';
import { decisionBugs } from './decisions.js';
import { storeBugs } from './store.js';
import { viewBugs } from './views.js';

const all: readonly PlantedBug[] = [...storeBugs, ...commandBugs, ...decisionBugs, ...viewBugs, ...channelBugs];

/** Faults for which the simulated world is still too kind: README.md says what each would need. */
const NOT_FOUND_YET: ReadonlySet<string> = new Set([
  'state-kept-after-failed-append',
  'checkpoint-not-compared',
  'rebuild-switched-early',
  'number-sent-beside-its-predecessor',
  'pusher-stuck-after-failed-write',
  'failed-sale-marked-done',
]);

/** Every fault that the simulation must find. */
export const plantedBugs = all.filter(({ name }) => !NOT_FOUND_YET.has(name));

/** The others; {@link plantedBugs} is where they belong. */
export const missedBugs = all.filter(({ name }) => NOT_FOUND_YET.has(name));
