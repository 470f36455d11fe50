import type { Buyer, IdentityEvent, OrderEvent, ProfileEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';

export type CustomerRecorded = RecordedEvent<ProfileEvent | IdentityEvent>;

type Attributed = Extract<ProfileEvent, { type: 'OrderAttributed' }>['data'];
type Disputed = Extract<IdentityEvent, { type: 'IdentityDisputed' }>['data'];

/** Who bought, folded from the events, independently of the system's own folds. Identities are `<kind>.<hash>`. */
export class CustomerFold {
  readonly profiles = new Set<string>();
  /** The profile each identity leads to, as its own stream says it, and as the profiles say it. */
  readonly claims = new Map<string, string>();
  readonly links = new Map<string, string>();
  /** By identity and other profile. */
  readonly disputes = new Map<string, Disputed>();
  /** By order. */
  readonly attributed = new Map<string, Attributed>();
  /** What the buyer of an order is known by, the strongest first. */
  readonly buyers = new Map<string, readonly string[]>();

  apply(event: CustomerRecorded): void {
    switch (event.type) {
      case 'ProfileCreated':
        this.profiles.add(event.data.profileId);
        break;
      case 'IdentityLinked':
        this.links.set(`${event.data.kind}.${event.data.hash}`, event.data.profileId);
        break;
      case 'OrderAttributed':
        this.attributed.set(event.data.orderId, event.data);
        break;
      case 'IdentityClaimed':
        this.claims.set(`${event.data.kind}.${event.data.hash}`, event.data.profileId);
        break;
      case 'IdentityDisputed':
        this.disputes.set(`${event.data.kind}.${event.data.hash} ${event.data.otherProfileId}`, event.data);
        break;
      default:
        event satisfies never;
    }
  }

  /** A sale that comes as cancelled and names no goods is of no customer. */
  bought({ type, data }: RecordedEvent<OrderEvent>): void {
    if (type === 'OrderSubmitted' || (type === 'SaleRecorded' && (!data.cancelled || data.lines.length > 0)))
      this.buyers.set(data.orderId, knownBy(data.buyer));
  }

  /** How many other profiles were seen with an identity. */
  disputesOf(identity: string): number {
    return [...this.disputes.keys()].filter((key) => key.startsWith(`${identity} `)).length;
  }
}

const knownBy = ({ emailHash, phoneHash, channelCustomerHash }: Buyer): string[] => [
  ...(emailHash === undefined ? [] : [`email.${emailHash}`]),
  ...(phoneHash === undefined ? [] : [`phone.${phoneHash}`]),
  ...(channelCustomerHash === undefined ? [] : [`channel-customer.${channelCustomerHash}`]),
];
