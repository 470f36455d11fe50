import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { problemResponse } from './http/problems.decorator.js';

/** Serves Swagger UI at /docs from its npm package and the document at /docs-json. The document is made when first asked for. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => openApiOf(app), { customSiteTitle: 'Einklang API', raw: ['json'] });
}

/** The OpenAPI 3.0 document of all routes, with the problems and headers every route has. */
export function openApiOf(app: INestApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('Einklang')
    .setDescription('Unified commerce: a sale on any channel becomes an event that re-projects stock everywhere.')
    .setVersion('1')
    .addGlobalResponse(
      problemResponse(400, ['invalid-request']),
      problemResponse(429, ['overloaded']),
      problemResponse(500, ['internal-error']),
    )
    .build();
  const document = SwaggerModule.createDocument(app, base);
  const problemSchema: object = z.toJSONSchema(problem, { target: 'openapi-3.0' });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: problemSchema },
  };
  for (const path of Object.values(document.paths)) path.post?.parameters?.push(IDEMPOTENCY_KEY);
  return document;
}

const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable; decide by this one' }),
    detail: z.string().meta({ description: 'A sentence for people' }),
    instance: z.string(),
    correlationId: z.string(),
    errors: z
      .array(z.object({ in: z.enum(['body', 'query', 'path', 'header']), pointer: z.string(), message: z.string() }))
      .optional(),
  })
  .meta({ description: 'RFC 9457 problem details' });

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: 'A repeat with the same key and body gets the first answer again, for 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};
