import { Rejected } from '#kernel';
import { decideExternalId } from '../../../apps/catalog/src/external-id/external-id.decide.js';
import { inFunction, type PlantedBug } from '../kit/planting.js';

/** In what is listed under which id. */
export const catalogBugs: readonly PlantedBug[] = [
  {
    name: 'external-id-for-two-skus',
    what: 'An id of a channel that stands for one SKU may be listed for another as well.',
    faults: [
      inFunction(decideExternalId, (decide) => (command, state) => {
        const decided = decide(command, state);
        return decided instanceof Rejected ? [] : decided;
      }),
    ],
  },
  {
    name: 'ended-listing-keeps-its-id',
    what: 'The id of a listing that ended stands for its SKU as before.',
    faults: [
      inFunction(
        decideExternalId,
        (decide) => (command, state) => (command.type === 'ReleaseExternalId' ? [] : decide(command, state)),
      ),
    ],
  },
];
