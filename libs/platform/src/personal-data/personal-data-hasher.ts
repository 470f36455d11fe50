import { createHmac } from 'node:crypto';
import type { Buyer, ChannelSale } from '#contracts';
import { PLACEHOLDER_ACCOUNTS, PLACEHOLDER_DOMAINS, PLACEHOLDER_MAILBOXES, TYPED_DIGITS } from './placeholders.js';

/**
 * Turns what identifies a person into keyed hashes (HMAC-SHA-256, 64 hex digits): equal for equal people, and of no use
 * without the installation's key. Call it at the edge; only the hashes go further. What identifies no person, such as a
 * dash in place of an e-mail address, gives undefined: otherwise all who left it out would be one person.
 */
export class PersonalDataHasher {
  constructor(private readonly key: Buffer) {}

  /** The buyer as events know people; what identifies no person is left out. */
  hashCustomer(channel: string, customer: ChannelSale['customer']): Buyer {
    const { email, phone, channelCustomerId } = customer ?? {};
    const emailHash = email && this.hashEmail(email);
    const phoneHash = phone && this.hashPhone(phone);
    const channelCustomerHash = channelCustomerId && this.hashChannelCustomer(channel, channelCustomerId);
    return {
      ...(emailHash && { emailHash }),
      ...(phoneHash && { phoneHash }),
      ...(channelCustomerHash && { channelCustomerHash }),
    };
  }

  /** Blanks around it and upper case make no difference. */
  hashEmail(email: string): string | undefined {
    const normalised = email.normalize('NFC').trim().toLowerCase();
    if (!/^[^\s@]+@[^\s@]+$/.test(normalised) || isPlaceholderAddress(normalised)) return undefined;
    return this.hash('email', normalised);
  }

  /** Digits and a leading plus count; fewer than five digits, one digit over and over, or digits in a row are no phone number. */
  hashPhone(phone: string): string | undefined {
    const digits = phone.replace(/\D/g, '');
    return digits.length >= 5 && !isPlaceholderNumber(digits)
      ? this.hash('phone', phone.trim().startsWith('+') ? `+${digits}` : digits)
      : undefined;
  }

  /** The id is taken as it is, and only means something together with its channel. */
  hashChannelCustomer(channel: string, id: string): string | undefined {
    const account = id.trim().toLowerCase();
    return account === '' || PLACEHOLDER_ACCOUNTS.has(account)
      ? undefined
      : this.hash('channel-customer', `${channel}/${id}`);
  }

  /** Tells whole messages apart, as a channel sent them. */
  hashMessage(body: Buffer): string {
    return createHmac('sha256', this.key).update('message:').update(body).digest('hex');
  }

  /** The kind goes into the hash, so that equal texts of two kinds do not meet. */
  private hash(kind: string, text: string): string {
    return createHmac('sha256', this.key).update(`${kind}:${text}`).digest('hex');
  }
}

function isPlaceholderAddress(address: string): boolean {
  const [mailbox = '', domain = ''] = address.split('@');
  return PLACEHOLDER_DOMAINS.has(domain) || PLACEHOLDER_MAILBOXES.has(mailbox.replace(/[._-]/g, ''));
}

/** Also behind a country code, and with other digits only at its start. */
function isPlaceholderNumber(digits: string): boolean {
  const rest = digits.replace(/^(00)?(49|43|41|44|1)?/, '');
  return [digits, rest].some((text) => text.length === 0 || /^(\d)\1*$/.test(text) || isTyped(text));
}

const isTyped = (digits: string): boolean =>
  TYPED_DIGITS.includes(digits) || TYPED_DIGITS.includes([...digits].reverse().join(''));
