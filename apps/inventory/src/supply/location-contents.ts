import { Rejected } from '#kernel';

/** Port: what stands at a location, as of everything recorded until now. */
export interface SkusAtLocation {
  /** Up to `limit` SKUs with units there, bound to orders or held. */
  skusAt(locationId: string, limit: number): Promise<readonly string[]>;
}

/** Whether a location may be closed. */
export class LocationContents {
  constructor(private readonly contents: SkusAtLocation) {}

  /** Throws `Rejected('location-not-empty')` with some of the SKUs that stand there or are promised from there. */
  async requireEmpty(locationId: string): Promise<void> {
    const skus = await this.contents.skusAt(locationId, SKUS_MAX);
    if (skus.length === 0) return;
    const some = `${skus.slice(0, 3).join(', ')}${skus.length > 3 ? ' and others' : ''}`;
    throw new Rejected(
      'conflict',
      'location-not-empty',
      `Units of ${some} stand at ${locationId} or are promised from there. Move, ship or count them first.`,
      { skus },
    );
  }
}

const SKUS_MAX = 20;
