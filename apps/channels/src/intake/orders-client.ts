import { z } from 'zod';
import type { ChannelSale, SaleResult, SalesIntake } from '#contracts';
import { Rejected } from '#kernel';
import { SERVICE_SALES_PATH, serviceToken } from '#platform';

export interface OrdersClientOptions {
  /** Without a slash at the end. */
  readonly ordersUrl: string;
  /** Of the installation: orders knows by it that a service asks. */
  readonly hashKey: Buffer;
  readonly timeoutMs?: number;
}

/**
 * Hands sales to the orders service over REST. What cannot be asked, or has no answer in time, is an outage: the sale waits
 * as long as it takes and is handed over again, which changes nothing where it had arrived.
 */
export class OrdersClient implements SalesIntake {
  private readonly url: string;
  private readonly token: string;
  private readonly timeoutMs: number;

  constructor({ ordersUrl, hashKey, timeoutMs = 10_000 }: OrdersClientOptions) {
    this.url = `${ordersUrl}${SERVICE_SALES_PATH}`;
    this.token = serviceToken(hashKey);
    this.timeoutMs = timeoutMs;
  }

  async record(sales: readonly ChannelSale[]): Promise<readonly (SaleResult | Error)[]> {
    const { results } = answerSchema.parse(await this.post({ sales }));
    return results.map((result) => ('problem' in result ? errorOf(result.problem) : result));
  }

  private async post(body: object): Promise<unknown> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(this.timeoutMs),
    }).catch((error: unknown) => {
      throw outage(`it cannot be reached (${error instanceof Error ? error.message : String(error)})`);
    });
    const text = await response.text().catch(() => '');
    if (response.status === 200) return JSON.parse(text);
    throw outage(`it answered ${response.status}`);
  }
}

const answerSchema = z.object({
  results: z.array(
    z.union([
      z.object({ orderId: z.string(), status: z.enum(['recorded', 'amended', 'duplicate', 'outdated', 'repeated']) }),
      z.object({ problem: z.object({ status: z.int(), code: z.string(), detail: z.string() }) }),
    ]),
  ),
});

function errorOf({ status, code, detail }: { status: number; code: string; detail: string }): Error {
  if (status === 429 || status >= 500) return new Rejected('unavailable', code, detail);
  return new Rejected(status === 409 ? 'conflict' : status === 404 ? 'not-found' : 'invalid', code, detail);
}

const outage = (why: string): Rejected =>
  new Rejected('unavailable', 'orders-unavailable', `The orders service did not take the sales: ${why}.`);
