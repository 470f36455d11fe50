import type { PlantedBug } from '../kit/planting.js';
import { catalogBugs } from './catalog.js';
import { channelBugs } from './channels.js';
import { commandBugs } from './commands.js';
import { customerBugs } from './customers.js';
import { decisionBugs } from './decisions.js';
import { factBugs } from './facts.js';
import { processBugs } from './processes.js';
import { storeBugs } from './store.js';
import { viewBugs } from './views.js';

/** Every fault that the simulation must find. */
export const plantedBugs: readonly PlantedBug[] = [
  ...storeBugs,
  ...commandBugs,
  ...decisionBugs,
  ...viewBugs,
  ...channelBugs,
  ...factBugs,
  ...catalogBugs,
  ...customerBugs,
  ...processBugs,
];
