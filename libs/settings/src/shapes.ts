import { readFileSync } from 'node:fs';
import { z } from 'zod';

const PORT_RULE = 'a port number from 0 to 65535, where 0 takes any free port';

/** A port to listen on. */
export const port = (preset: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, PORT_RULE)
    .transform(Number)
    .pipe(z.int().max(65_535, PORT_RULE))
    .default(preset);

/** A number in digits. `rule` begins the message: "a number of connections". */
export const numberFrom = (least: number, most: number, rule = 'a whole number') => {
  const message = `${rule} from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .pipe(z.int().min(least, message).max(most, message));
};

/** The content of a file, trimmed. */
export const contentOfFile = z.string().transform((path, context) => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    context.addIssue('the path of a file that can be read');
    return z.NEVER;
  }
});

/** One of some words. */
export const oneOf = <const Words extends readonly string[]>(words: Words) =>
  z.enum(words, words.length === 2 ? words.join(' or ') : `one of ${words.join(', ')}`);
