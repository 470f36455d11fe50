import type { Buyer, IdentityEvent, OrderEvent } from '#contracts';
import { becauseOf, CommandRunner, type EventStore, type RecordedEvent } from '#event-sourcing';
import { idFrom } from '#kernel';
import type { Reaction } from '#read-models';
import type { IdentityCommand } from '../../identity/identity.decide.js';
import { identityDecider } from '../../identity/identity.decider.js';
import { type Identity, identityIdOf } from '../../identity/identity.js';
import { emailsOf, profileDecider } from '../../profile/profile.decider.js';
import { inOrderPerKey } from '../in-order-per-key.js';

type Sale = RecordedEvent<Extract<OrderEvent, { type: 'SaleRecorded' | 'OrderSubmitted' }>>;

/**
 * Finds who bought, or makes a profile for a stranger. The identities of an order lead the way, the strongest first: the
 * first that is known names the profile, free ones are claimed for it, and one that leads elsewhere is disputed. A phone is
 * shared by families and shops, so it does not lead an order with an e-mail address to a profile that has another; and what
 * many profiles dispute identifies no person.
 *
 * An identity never changes its profile and a new profile's id follows from the order's strongest identity. So a process that
 * stops half-way and begins again, at whatever step, arrives at the same profile.
 */
export class WhenSaleIsRecordedFindOrMakeProfile implements Reaction {
  readonly name = 'when-sale-is-recorded-find-or-make-profile';
  readonly types = ['SaleRecorded', 'OrderSubmitted'];

  constructor(
    private readonly commands: CommandRunner,
    private readonly store: EventStore,
  ) {}

  /** Orders that share an identity are taken in the order of the log; all others at once, so that they share commits. */
  async react(events: readonly RecordedEvent[]): Promise<void> {
    const named = (events as readonly Sale[])
      .filter(({ data }) => !('cancelled' in data && data.cancelled && data.lines.length === 0))
      .map((event) => ({ event, identities: identitiesOf(event.data.buyer) }));
    const { owners, shared } = await this.ownersOf(named.flatMap(({ identities }) => identities));
    const sales = named
      .map(({ event, identities }) => ({
        event,
        identities: identities.filter((each) => !shared.has(identityIdOf(each))),
      }))
      .filter(({ identities }) => identities.length > 0);
    await inOrderPerKey(
      sales,
      ({ identities }) => identities.map(identityIdOf),
      ({ event, identities }) => this.attribute(event, identities, owners),
    );
  }

  private async attribute(event: Sale, identities: readonly Identity[], owners: Map<string, string>): Promise<void> {
    const ownerOf = (identity: Identity) => owners.get(identityIdOf(identity));
    const leading = (await this.isOfAnother(identities, ownerOf))
      ? identities.filter(({ kind }) => kind !== 'phone')
      : identities;
    const profileId = leading.map(ownerOf).find((owner) => owner !== undefined) ?? newProfileId(leading);
    const free = identities.filter((identity) => ownerOf(identity) === undefined);
    const elsewhere = identities.filter((identity) => (ownerOf(identity) ?? profileId) !== profileId);
    await Promise.all([
      ...free.map((identity) => this.claim(event, identity, profileId)),
      ...elsewhere.map((identity) => this.dispute(event, identity, profileId)),
    ]);
    for (const identity of free) owners.set(identityIdOf(identity), profileId);
    const { orderId, channel, placedAt } = event.data;
    const own = identities.filter((identity) => !elsewhere.includes(identity));
    await this.commands.execute({
      on: profileDecider,
      id: profileId,
      command: { type: 'AttributeOrder', profileId, orderId, channel, placedAt, identities: own },
      metadata: becauseOf(this.name, event, 'AttributeOrder'),
      causedAt: event.position,
    });
  }

  /** Whether the phone leads to a profile with another e-mail address than the new one of this order. */
  private async isOfAnother(
    identities: readonly Identity[],
    ownerOf: (identity: Identity) => string | undefined,
  ): Promise<boolean> {
    const [email, phone] = (['email', 'phone'] as const).map((kind) => identities.find((each) => each.kind === kind));
    const owner = phone && ownerOf(phone);
    if (!email || ownerOf(email) !== undefined || owner === undefined) return false;
    const [history] = await this.store.load([`${profileDecider.category}-${owner}`], profileDecider.snapshot?.version);
    return history !== undefined && emailsOf(history).length > 0;
  }

  private claim(event: Sale, identity: Identity, profileId: string) {
    return this.decideOn(event, identity, { type: 'ClaimIdentity', ...identity, profileId });
  }

  private dispute(event: Sale, identity: Identity, otherProfileId: string) {
    const { orderId } = event.data;
    return this.decideOn(event, identity, { type: 'DisputeIdentity', ...identity, otherProfileId, orderId });
  }

  private decideOn(event: Sale, identity: Identity, command: IdentityCommand) {
    const id = identityIdOf(identity);
    const metadata = becauseOf(this.name, event, `${command.type}/${id}`);
    return this.commands.execute({ on: identityDecider, id, command, metadata, causedAt: event.position });
  }

  /** The profile each identity leads to, by its id, read from the streams in one go; free ones are left out. */
  private async ownersOf(
    identities: readonly Identity[],
  ): Promise<{ owners: Map<string, string>; shared: ReadonlySet<string> }> {
    const ids = [...new Set(identities.map(identityIdOf))];
    if (ids.length === 0) return { owners: new Map(), shared: new Set() };
    const prefix = `${identityDecider.category}-`;
    const histories = await this.store.load(ids.map((id) => `${prefix}${id}`));
    const owners = new Map<string, string>();
    const shared = new Set<string>();
    for (const { stream, events } of histories) {
      const state = events.reduce(
        (folded, event) => identityDecider.evolve(folded, event as RecordedEvent<IdentityEvent>),
        identityDecider.initialState(),
      );
      if (state.status !== 'claimed') continue;
      owners.set(stream.slice(prefix.length), state.profileId);
      if (state.disputedWith.size >= SHARED_BY_PROFILES) shared.add(stream.slice(prefix.length));
    }
    return { owners, shared };
  }
}

/** What so many other profiles were seen with is a switchboard, a marketplace or a till. */
export const SHARED_BY_PROFILES = 5;

/** The strongest first: people share a phone sooner than an e-mail address, and a channel's customer is one of many accounts. */
function identitiesOf({ emailHash, phoneHash, channelCustomerHash }: Buyer): Identity[] {
  const identities: { kind: Identity['kind']; hash: string | undefined }[] = [
    { kind: 'email', hash: emailHash },
    { kind: 'phone', hash: phoneHash },
    { kind: 'channel-customer', hash: channelCustomerHash },
  ];
  return identities.flatMap(({ kind, hash }) => (hash === undefined ? [] : [{ kind, hash }]));
}

const newProfileId = ([strongest]: readonly Identity[]): string => {
  if (!strongest) throw new Error('A profile needs an identity.');
  return idFrom(`profile/${identityIdOf(strongest)}`);
};
