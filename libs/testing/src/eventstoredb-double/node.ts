import { type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { DoubleLog } from './double-log.js';
import type { Faults, Method } from './faults.js';
import { callError, errors } from './messages.js';
import type { ServerVersion } from './server.js';

/** What the services of one node know about it and its cluster. */
export interface DoubleNode {
  readonly log: DoubleLog;
  readonly version: ServerVersion;
  readonly faults: Faults;
  /** Who may call; anybody when undefined. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly maxAppendBytes: number;
  readonly isLeader: () => boolean;
  readonly members: () => readonly Member[];
  /** Breaks the connections of every client of this node. */
  readonly drop: () => void;
}

export interface Member {
  readonly instanceId: string;
  readonly host: string;
  readonly port: number;
  readonly isLeader: boolean;
  readonly isAlive: boolean;
}

/** What is checked before any call. Throws the error that the call ends in. */
export async function admit(node: DoubleNode, method: Method, metadata: Metadata): Promise<void> {
  checkCredentials(node, metadata);
  if (metadata.get('requires-leader')[0] === 'true') checkLeader(node);
  await node.faults.enter(method);
}

export function checkStream(node: DoubleNode, stream: string): void {
  if (stream === '') throw errors.thrownByHandler('a stream has a name');
  if (node.faults.denied.has(stream)) throw errors.accessDenied();
}

/** An error as it may be handed to a call, whatever was thrown. */
export const asCallError = (error: unknown): ServiceError =>
  error instanceof Error && 'code' in error && 'metadata' in error
    ? (error as ServiceError)
    : errors.thrownByHandler(String(error));

export const tooManyAppends = (): ServiceError => callError(status.RESOURCE_EXHAUSTED, 'Too many concurrent appends');

function checkCredentials({ credentials }: DoubleNode, metadata: Metadata): void {
  if (!credentials) return;
  const wanted = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
  const [given] = metadata.get('authorization');
  if (given === undefined) throw errors.accessDenied();
  if (given !== `Basic ${wanted}`) throw errors.unauthenticated();
}

function checkLeader(node: DoubleNode): void {
  if (node.isLeader()) return;
  const leader = node.members().find((member) => member.isLeader);
  if (!leader) throw callError(status.UNKNOWN, 'No leader info available in response');
  throw errors.notLeader(leader);
}
