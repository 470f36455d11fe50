import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { RejectionKind } from '#kernel';
import { PROBLEM_TYPE, problemDocument, STATUS_OF_KIND, titleOf } from './problem.js';

/** Codes a route may refuse with, by the kind of `Rejected` that carries them. */
export type Refusals = Partial<Record<RejectionKind | 'unauthenticated', readonly string[]>>;

/**
 * States the refusals a route may answer, by the kind of `Rejected` that carries them:
 * `@Problems({ 'not-found': ['unknown-sku'], conflict: ['insufficient-stock'] })`. They appear in OpenAPI as examples.
 */
export function Problems(codesByKind: Refusals): MethodDecorator & ClassDecorator {
  const kinds = Object.entries(codesByKind) as [keyof typeof STATUSES, readonly string[]][];
  return applyDecorators(...kinds.map(([kind, codes]) => ApiResponse(problemResponse(STATUSES[kind], codes))));
}

const STATUSES = { ...STATUS_OF_KIND, unauthenticated: 401 };

/** One OpenAPI response for the problems of one status. */
export function problemResponse(status: number, codes: readonly string[]) {
  const examples = codes.map((code) => [code, { summary: titleOf(code), value: exampleOf(status, code) }] as const);
  return {
    status,
    description: codes.map((code) => `\`${code}\``).join(', '),
    content: {
      [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' }, examples: Object.fromEntries(examples) },
    },
  };
}

const exampleOf = (status: number, code: string) =>
  problemDocument({ status, code, detail: `${titleOf(code)}.` }, '/v1/…', '0197c1f0-5b7a-7cc0-8000-2f1a4b6c8d0e');
