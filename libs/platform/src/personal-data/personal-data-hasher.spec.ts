import { describe, expect, it } from '@jest/globals';
import { PersonalDataHasher } from './personal-data-hasher.js';

const hasher = new PersonalDataHasher(Buffer.alloc(32, 1));

describe('keyed hashes of personal data', () => {
  it('is 64 hexadecimal digits without any trace of the input', () => {
    expect(hasher.hashEmail('ada@example.com')).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['e-mail with blanks and upper case', hasher.hashEmail(' Ada@Example.COM '), hasher.hashEmail('ada@example.com')],
    [
      'e-mail with a composed and a decomposed umlaut',
      hasher.hashEmail('jo\u0308rg@example.com'),
      hasher.hashEmail('jörg@example.com'),
    ],
    ['phone with blanks and signs', hasher.hashPhone('+49 (30) 123-456'), hasher.hashPhone('+4930123456')],
  ])('is equal for equal people: %s', (_, one, other) => {
    expect(one).toBeDefined();
    expect(one).toBe(other);
  });

  it.each([
    ['another person', hasher.hashEmail('eve@example.com')],
    ['another key', new PersonalDataHasher(Buffer.alloc(32, 2)).hashEmail('ada@example.com')],
    ['another kind', hasher.hashChannelCustomer('shop', 'ada@example.com')],
  ])('differs for %s', (_, other) => {
    expect(other).not.toBe(hasher.hashEmail('ada@example.com'));
  });

  it('tells the same customer id on two channels apart', () => {
    expect(hasher.hashChannelCustomer('etsy', '7')).not.toBe(hasher.hashChannelCustomer('ebay', '7'));
  });

  it('tells a number with a plus from one without', () => {
    expect(hasher.hashPhone('+4930123456')).not.toBe(hasher.hashPhone('4930123456'));
  });

  it('hashes what a sale says about its customer and leaves out what identifies no person', () => {
    expect(hasher.hashCustomer('etsy', { email: 'Ada@example.com', phone: 'none', channelCustomerId: '7' })).toEqual({
      emailHash: hasher.hashEmail('ada@example.com'),
      channelCustomerHash: hasher.hashChannelCustomer('etsy', '7'),
    });
    expect(hasher.hashCustomer('etsy', undefined)).toEqual({});
  });

  it.each([
    ['a dash for an e-mail', hasher.hashEmail(' - ')],
    ['an e-mail without a name', hasher.hashEmail('@example.com')],
    ['a phone without digits', hasher.hashPhone('n/a')],
    ['a phone of four digits', hasher.hashPhone('0000')],
    ['a blank customer id', hasher.hashChannelCustomer('etsy', ' ')],
  ])('makes no person out of %s', (_, hash) => {
    expect(hash).toBeUndefined();
  });

  it.each([
    'noreply@shop.example',
    'No-Reply@marketplace.example',
    'do_not.reply@shop.example',
    'none@none.com',
    'guest@pos.example',
    'a@b@c',
  ])('makes no person of the e-mail address %s', (email) => {
    expect(hasher.hashEmail(email)).toBeUndefined();
  });

  it.each(['000000', '+49 000 000000', '1111111', '+49 30', '0123456789', '123456', '987654321', '+1 (234) 567-890'])(
    'makes no person of the phone number %s',
    (phone) => {
      expect(hasher.hashPhone(phone)).toBeUndefined();
    },
  );

  it.each(['0', 'guest', 'N/A', ' Anonymous ', 'null'])('makes no person of the account %s', (account) => {
    expect(hasher.hashChannelCustomer('etsy', account)).toBeUndefined();
  });

  it.each(['+49 30 123456', '0151 2223334', '+44 20 7946 0000', '004930100001'])('knows people by %s', (phone) => {
    expect(hasher.hashPhone(phone)).toBeDefined();
  });

  it.each(['reply@shop.example', 'noreen@example.com', 'anna.gast@example.com', 'info@firm.example'])(
    'knows people by %s',
    (email) => {
      expect(hasher.hashEmail(email)).toBeDefined();
    },
  );
});
