import { z } from 'zod';

// Messages of orders.proto that no slice declares.

export const watchRequest = z.strictObject({ afterPosition: z.int().min(0) });
