import { Module } from '@nestjs/common';
import { assembled } from '#platform';
import { assembleCustomers } from './assemble.js';
import { ProfilesController } from './views/profiles/profiles.http.js';
import { ProfilesQuery } from './views/profiles/profiles.query.js';

/** Who buys, over all channels, known by keyed hashes only. Its commands come from its process; no caller sends any: `assemble.ts`. */
@Module({
  controllers: [
    // Views
    ProfilesController,
  ],
  providers: assembled(assembleCustomers, {
    parts: {
      // Views
      profilesQuery: ProfilesQuery,
    },
  }),
})
export class CustomersModule {}
