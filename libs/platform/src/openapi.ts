import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { CHANGING_METHODS } from './http/idempotency.js';
import { IF_MATCH } from './http/if-match.js';
import { requestIssue } from './http/invalid-request.js';
import { problemResponse } from './http/problems.decorator.js';

/** Serves Swagger UI at /docs from its npm package and the document at /docs-json. The document is made when first asked for. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => openApiOf(app), { customSiteTitle: 'Einklang API', raw: ['json'] });
}

/** The OpenAPI 3.0 document of all routes, with what every route takes and answers because of what it is. */
export function openApiOf(app: INestApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('Einklang')
    .setDescription('Unified commerce: a sale on any channel becomes an event that re-projects stock everywhere.')
    .setVersion('1')
    .build();
  const document = SwaggerModule.createDocument(app, base, { autoTagControllers: false });
  const problemSchema: object = z.toJSONSchema(problem, { target: 'openapi-3.0' });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: problemSchema },
    headers: HEADERS,
  };
  for (const path of Object.values(document.paths)) {
    for (const [method, operation] of Object.entries(path)) {
      if (isOperation(operation)) complete(operation, method.toUpperCase());
    }
  }
  return document;
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const isOperation = (value: unknown): value is Operation =>
  typeof value === 'object' && value !== null && 'responses' in value;

function complete(operation: Operation, method: string): void {
  const changes = CHANGING_METHODS.has(method);
  const common = [
    PROBLEMS_OF_ALL,
    ...(changes ? [PROBLEMS_OF_CHANGES] : []),
    ...(operation.requestBody ? [PROBLEMS_OF_BODIES] : []),
  ];
  for (const [status, codes] of common.flatMap((problems) => Object.entries(problems))) {
    addProblems(operation, Number(status), codes);
  }
  if (changes) operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
  if (operation.parameters?.some((parameter) => 'name' in parameter && parameter.name === IF_MATCH.name)) {
    addProblems(operation, 400, ['invalid-if-match']);
    addProblems(operation, 412, ['revision-moved']);
  }
  if (method === 'GET') {
    operation.parameters = [...(operation.parameters ?? []), IF_NONE_MATCH];
    operation.responses['304'] = { description: 'The answer is still the one of this ETag' };
  }
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response === undefined || '$ref' in response) continue;
    const names = headersOf(Number(status), method);
    response.headers = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
  }
}

/** Joins what every route may answer with what a route states itself. */
function addProblems({ responses }: Operation, status: number, codes: readonly string[]): void {
  const added = problemResponse(status, codes);
  const stated = responses[status];
  if (stated === undefined || '$ref' in stated) {
    responses[status] = added;
    return;
  }
  const [type, content] = Object.entries(added.content)[0] ?? [];
  const before = type === undefined ? undefined : stated.content?.[type];
  if (type === undefined || content === undefined || before === undefined) return;
  responses[status] = {
    ...stated,
    description: [stated.description, added.description].filter(Boolean).join(', '),
    content: { ...stated.content, [type]: { ...before, examples: { ...before.examples, ...content.examples } } },
  };
}

function headersOf(status: number, method: string): (keyof typeof HEADERS)[] {
  const retried = status === 429 || status === 503;
  const read = method === 'GET' && (status === 200 || status === 304);
  return [
    'X-Correlation-Id',
    ...(retried ? (['Retry-After'] as const) : []),
    ...(read ? (['ETag'] as const) : []),
    ...(CHANGING_METHODS.has(method) && status < 300 ? (['Idempotency-Replayed'] as const) : []),
    ...(status === 405 ? (['Allow'] as const) : []),
  ];
}

const PROBLEMS_OF_ALL: Readonly<Record<number, readonly string[]>> = {
  400: ['invalid-request', 'malformed-url', 'malformed-request'],
  405: ['method-not-allowed'],
  408: ['request-timeout'],
  414: ['url-too-long'],
  415: ['unsupported-media-type', 'unsupported-encoding', 'unsupported-charset'],
  429: ['overloaded'],
  431: ['headers-too-large'],
  500: ['internal-error'],
  503: ['storage-unavailable', 'not-the-writer', 'stopping'],
};

const PROBLEMS_OF_CHANGES: Readonly<Record<number, readonly string[]>> = {
  400: ['invalid-idempotency-key'],
  409: ['revision-conflict', 'request-in-progress'],
  413: ['event-too-large', 'body-too-large'],
  422: ['idempotency-key-reused'],
};

const PROBLEMS_OF_BODIES: Readonly<Record<number, readonly string[]>> = {
  400: ['invalid-json', 'invalid-utf8', 'duplicate-field'],
};

const HEADERS = {
  'X-Correlation-Id': {
    description: 'Found in the log and in events: that of the request, or a new one',
    schema: { type: 'string' },
  },
  'Retry-After': {
    description: 'Seconds after which the same request may succeed',
    schema: { type: 'integer', minimum: 0 },
  },
  ETag: {
    description:
      'Names this answer: send it as If-None-Match. That of an aggregate may be sent as If-Match with a command for it.',
    schema: { type: 'string' },
  },
  'Idempotency-Replayed': {
    description: '`true` for the answer to a repeat',
    schema: { type: 'string', enum: ['true'] },
  },
  Allow: { description: 'The methods of this path', schema: { type: 'string' } },
};

const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable; decide by this one' }),
    detail: z.string().meta({ description: 'A sentence for people' }),
    instance: z.string(),
    correlationId: z.string(),
    errors: z.array(requestIssue).optional(),
  })
  .meta({ description: 'RFC 9457 problem details' });

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description:
    'A repeat with the same key and body gets the first answer again, for 24 hours. Visible ASCII characters.',
  // Quotes around it are no part of it, so two quotes alone are no key.
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^([!#-~][!-~]*|"([!#-~][!-~]*)?|""[!-~]+)$' },
};

const IF_NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header' as const,
  required: false,
  description: 'The ETag of an answer that is still there; answered with 304 and no body while nothing has changed.',
  schema: { type: 'string' },
};
