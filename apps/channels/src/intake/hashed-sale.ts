import type { ChannelSale } from '#contracts';
import type { PersonalDataHasher } from '#platform';
import type { StoredSale } from './intake-table.js';

/** The sale with its customer replaced by hashes, as it may be stored. */
export function hashedSale({ customer, ...sale }: ChannelSale, hasher: PersonalDataHasher): StoredSale {
  if (!customer) return sale;
  const emailHash = customer.email && hasher.hashEmail(customer.email);
  const phoneHash = customer.phone && hasher.hashPhone(customer.phone);
  const id = customer.channelCustomerId;
  const channelCustomerHash = id && hasher.hashChannelCustomer(sale.channel, id);
  return {
    ...sale,
    buyer: {
      ...(emailHash && { emailHash }),
      ...(phoneHash && { phoneHash }),
      ...(channelCustomerHash && { channelCustomerHash }),
    },
  };
}
