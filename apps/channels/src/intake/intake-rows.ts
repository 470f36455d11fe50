import { createHash } from 'node:crypto';
import type { ChannelSale } from '#contracts';
import { currentContext, type WorkContext } from '#event-sourcing';
import type { PersonalDataHasher, PersonalDataSealer } from '#platform';
import type { RawMessage, UnreadableMessage } from '../connectors/connector.js';
import { hashedSale } from './hashed-sale.js';
import type { NewSale, NewUnreadable, StoredSale } from './intake-table.js';

/** Makes rows of messages: sales with hashes for people, unreadable messages sealed. */
export class IntakeRows {
  constructor(
    private readonly hasher: PersonalDataHasher,
    private readonly sealer: PersonalDataSealer,
  ) {}

  salesOf(channel: string, { messageId }: RawMessage, sales: readonly ChannelSale[], receivedAt: string): NewSale[] {
    const cause = causeOf(currentContext());
    return sales.map((sale, place) => {
      const hashed = hashedSale(sale, this.hasher);
      const stored = { ...hashed, ...(cause && { cause }) };
      return { kind: 'sale', channel, messageId, place, sale: stored, content: contentOf(hashed), receivedAt };
    });
  }

  unreadable(channel: string, raw: RawMessage, reading: UnreadableMessage, receivedAt: string): NewUnreadable {
    const { messageId, via, body } = raw;
    return {
      kind: 'unreadable',
      channel,
      messageId,
      via,
      sealed: this.sealer.seal(body, contextOf(channel, messageId)),
      content: digestOf(body, this.hasher),
      externalOrderId: reading.externalOrderId,
      reason: reading.reason,
      receivedAt,
    };
  }

  /** The message of a sealed row. Throws `NotOpened`. */
  open(
    channel: string,
    row: { readonly messageId: string; readonly via: RawMessage['via']; readonly sealed: Buffer },
  ): RawMessage {
    const { messageId, via, sealed } = row;
    return { messageId, via, body: this.sealer.open(sealed, contextOf(channel, messageId)) };
  }
}

const contextOf = (channel: string, messageId: string): string => `intake/${channel}/${messageId}`;

/** Of what a sale says; the message that brought it does not count. People are in it as keyed hashes. */
const contentOf = ({ messageId: _, cause: __, receivedAt: ___, ...said }: StoredSale): string =>
  createHash('sha256').update(JSON.stringify(said)).digest('base64url').slice(0, 22);

/** Keyed, because what is digested names people. */
const digestOf = (body: Buffer, hasher: PersonalDataHasher): string => hasher.hashMessage(body).slice(0, 22);

/** What the sale is recorded by goes on from the request that brought it, although that is answered by then. */
const causeOf = (context: WorkContext | undefined): ChannelSale['cause'] =>
  context && {
    correlationId: context.correlationId,
    ...(context.traceparent !== undefined && { traceparent: context.traceparent }),
  };
