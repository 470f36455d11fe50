/** The servers that were measured. What is known to differ between them follows the one that is asked for. */
export type ServerVersion = '23.10.8' | '24.2.0';

/** The greatest MaxAppendSize that a server starts with, which is what one set up for us has. */
export const MAX_APPEND_BYTES_MAX = 16_767_216;

/** Of a message, which holds one event. */
export const MESSAGE_BYTES_MAX = 16 * 1_048_576;
