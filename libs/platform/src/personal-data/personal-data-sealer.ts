import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Seals what may hold personal data and must be kept whole, such as a message that is not understood: AES-256-GCM under a key
 * derived (HKDF-SHA-256) from the installation's hash key, with a random nonce. `context` says where the text belongs; it is not
 * kept, and opening needs the same one, so that a sealed text cannot be moved elsewhere.
 *
 * The layout is version (1 byte), key id (4), nonce (12), tag (16), ciphertext.
 */
export class PersonalDataSealer {
  readonly #key: Buffer;
  readonly #keyId: Buffer;

  constructor(hashKey: Buffer) {
    this.#key = derived(hashKey, 'key', 32);
    this.#keyId = derived(hashKey, 'key id', KEY_ID_BYTES);
  }

  seal(plain: Buffer, context: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce).setAAD(Buffer.from(context));
    const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([VERSION, this.#keyId, nonce, cipher.getAuthTag(), ciphertext]);
  }

  /** Throws {@link NotOpened} when it was sealed under another key, for another context, or was changed. */
  open(sealed: Buffer, context: string): Buffer {
    if (!sealed.subarray(0, 1).equals(VERSION)) throw new NotOpened('The sealed text has an unknown form.');
    if (!sealed.subarray(1, NONCE_AT).equals(this.#keyId))
      throw new NotOpened('The text was sealed under another hash key than the one of this installation.');
    const nonce = sealed.subarray(NONCE_AT, TAG_AT);
    const tag = sealed.subarray(TAG_AT, TEXT_AT);
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
      return Buffer.concat([decipher.update(sealed.subarray(TEXT_AT)), decipher.final()]);
    } catch (error) {
      throw new NotOpened('The sealed text was changed, or belongs elsewhere.', { cause: error });
    }
  }
}

export class NotOpened extends Error {
  override readonly name = 'NotOpened';
}

const ALGORITHM = 'aes-256-gcm';
const VERSION = Buffer.of(1);
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCE_AT = VERSION.length + KEY_ID_BYTES;
const TAG_AT = NONCE_AT + NONCE_BYTES;
const TEXT_AT = TAG_AT + TAG_BYTES;

const derived = (hashKey: Buffer, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', hashKey, '', `einklang/sealed-personal-data/${purpose}`, bytes));
