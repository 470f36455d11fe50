import { createHmac, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Rejected } from '#kernel';
import { CONFIG, type Config } from '../config.js';

/** Where orders takes the sales of the channels service, whose buyers are hashes already. */
export const SERVICE_SALES_PATH = '/internal/channel-sales';

/** What a service of an installation shows another to be let in: only who has the key of the installation can make it. */
export const serviceToken = (hashKey: Buffer): string =>
  createHmac('sha256', hashKey).update('einklang service call, version 1').digest('base64url');

/** Lets the services of this installation in, and no other caller. */
@Injectable()
export class ServiceCallsOnly implements CanActivate {
  private readonly expected: Buffer;

  constructor(@Inject(CONFIG) { hashKey }: Config) {
    this.expected = Buffer.from(`Bearer ${serviceToken(hashKey)}`);
  }

  canActivate(context: ExecutionContext): boolean {
    const { authorization } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    const given = Buffer.from(authorization ?? '');
    if (given.length === this.expected.length && timingSafeEqual(given, this.expected)) return true;
    throw new Rejected('not-found', 'not-found', 'There is nothing here.');
  }
}
