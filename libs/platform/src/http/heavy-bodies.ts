import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Overloaded } from '#event-sourcing';
import { sendProblem } from './problem.filter.js';
import { problemFor } from './problem.js';

/** Bodies above this size take turns. */
export const HEAVY_BODY_BYTES = 262_144;
/** Of heavy bodies that may be here at once, being sent, waiting or worked on. */
const MAX_HEAVY_BYTES = 8 * 8_388_608;
/** As long as the heaviest takes on an idle machine. */
const MS_PER_HEAVY_BYTE = 1_500 / 8_388_608;

/**
 * Bodies of megabytes are read from JSON and answered one after the other. Each takes ten times its bytes as objects and a
 * good part of a second of the one thread, so that several at once would leave neither memory nor time for the rest.
 */
export class HeavyBodies {
  private bytes = 0;
  private readonly waiting: (() => void)[] = [];
  private busy = false;

  constructor(private readonly maxBytes = MAX_HEAVY_BYTES) {}

  /** So many bytes are about to be sent; gives what to call when their request is over. Throws {@link Overloaded}. */
  admit(bytes: number): () => void {
    if (this.bytes + bytes > this.maxBytes)
      throw new Overloaded('The door for large requests', this.bytes * MS_PER_HEAVY_BYTE);
    this.bytes += bytes;
    return () => {
      this.bytes -= bytes;
    };
  }

  /** Resolves when no other heavy request is worked on; what it gives ends the turn. */
  turn(): Promise<() => void> {
    return new Promise((resolve) => {
      const begin = () => {
        this.busy = true;
        resolve(() => this.endTurn());
      };
      if (this.busy) this.waiting.push(begin);
      else begin();
    });
  }

  private endTurn(): void {
    this.busy = false;
    this.waiting.shift()?.();
  }
}

/** Lets heavy requests in, and gives what their body parser has to wait for; undefined for all others. */
export function installHeavyBodies(
  instance: FastifyInstance,
  bodies = new HeavyBodies(),
): (request: FastifyRequest) => Promise<void> | undefined {
  const heavy = new WeakMap<FastifyRequest, HeavyRequest>();
  instance.addHook('onRequest', (request, reply, done) => {
    const bytes = declaredBytes(request);
    if (bytes <= HEAVY_BODY_BYTES) {
      done();
      return;
    }
    try {
      const own = new HeavyRequest(bodies.admit(bytes));
      heavy.set(request, own);
      reply.raw.once('close', () => own.clientGone());
      done();
    } catch (error) {
      const problem = problemFor(error);
      if (problem) sendProblem(problem, request, reply);
      else done(error as Error);
    }
  });
  instance.addHook('onSend', (request, _, payload, done) => {
    heavy.get(request)?.answered();
    done(null, payload);
  });
  return (request) => {
    const own = heavy.get(request);
    return own && bodies.turn().then((endTurn) => own.begin(endTurn));
  };
}

/** Ends its turn with its answer: what was begun goes on when its client has gone, and the client may be back already. */
class HeavyRequest {
  private endTurn: (() => void) | undefined;
  private over = false;

  constructor(private readonly leave: () => void) {}

  begin(endTurn: () => void): void {
    if (this.over) endTurn();
    else this.endTurn = endTurn;
  }

  answered(): void {
    if (this.over) return;
    this.over = true;
    this.leave();
    this.endTurn?.();
  }

  clientGone(): void {
    if (!this.endTurn) this.answered();
  }
}

/** A body that does not say how long it is may be as long as its route takes. */
function declaredBytes({ headers, routeOptions }: FastifyRequest): number {
  const declared = headers['content-length'];
  const limit = routeOptions.bodyLimit ?? 0;
  if (declared !== undefined) return Math.min(Number(declared), limit);
  return headers['transfer-encoding'] === undefined || limit <= MOST_ROUTES_BYTES ? 0 : limit;
}

const MOST_ROUTES_BYTES = 1_048_576;
