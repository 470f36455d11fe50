import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { decodeCursor, type PageOf, pageOf, pageQuery, toPage } from '../http/paging.js';
import { Exceptions, keyOf, type OpenException } from './exceptions.js';

const exception = z
  .object({
    kind: z.string().meta({ description: 'What is the matter', examples: ['parked-event'] }),
    subject: z.string().meta({ description: 'What it is about: unique among the open cases of its kind' }),
    since: z.string(),
    detail: z.string().meta({ description: 'The case, with its numbers, in a sentence' }),
    whatToDo: z.string(),
  })
  .meta({ id: 'Exception', description: 'A case that waits for a person. It opens and closes by itself' });

const filter = z.strictObject({
  kind: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, 'Send a kind as the list shows it, such as parked-event.')
    .optional(),
  ...pageQuery,
});
const cursor = z.tuple([z.iso.datetime().refine((since) => since >= '0001'), z.string(), z.string()]);

@ApiTags('operations')
@Controller('v1/exceptions')
export class ExceptionsController {
  constructor(private readonly exceptions: Exceptions) {}

  @Get()
  @ApiOperation({ summary: 'What waits for a person: since when, and what to do; oldest first' })
  @ApiOkResponse({ standardSchema: pageOf(exception) })
  async list(@Query({ schema: filter }) query: z.output<typeof filter>): Promise<PageOf<OpenException>> {
    const after = decodeCursor(query.cursor, cursor);
    return toPage(await this.exceptions.list(query.kind, after, query.limit + 1), query.limit, keyOf);
  }
}
