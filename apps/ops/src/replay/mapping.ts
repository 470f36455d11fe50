import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { currency, slug, textLine } from '#contracts';
import { UsageError } from '../usage-error.js';

const pattern = z.string().refine(isPattern, 'is not a regular expression');
/** How the rows of a sales CSV are to be read. The README describes each entry. */
export const mappingSchema = z.strictObject({
  name: textLine(100),
  delimiter: z.string().length(1).default(','),
  currency,
  location: z.strictObject({ locationId: slug('Place that holds stock', 'main-warehouse'), name: textLine(128) }),
  columns: z.strictObject({
    invoice: z.string(),
    sku: z.string(),
    quantity: z.string(),
    date: z.string(),
    unitPrice: z.string().optional(),
    lineTotal: z.string().optional(),
    status: z.string().optional(),
    channel: z.string().optional(),
    description: z.string().optional(),
    customer: z.string().optional(),
    country: z.string().optional(),
  }),
  decimalSeparator: z.enum(['.', ',']).default('.'),
  date: z.strictObject({
    format: z.string().regex(/YY.*MM.*DD|DD.*MM.*YY|MM.*DD.*YY/, 'needs YYYY (or YY), MM and DD'),
    timeZone: z.string().refine(isTimeZone, 'is not an IANA time zone'),
  }),
  customerSuffix: z.string().default(''),
  upperCaseSku: z.boolean().default(false),
  returnInvoices: pattern.optional(),
  statuses: z.record(z.string(), z.enum(['sold', 'returned', 'cancelled'])).default({}),
  stockCorrections: z.boolean().default(false),
  goods: pattern.default('.'),
  otherCodes: z.record(z.string(), z.string()).default({}),
  channels: z
    .array(
      z.strictObject({
        channel: slug('Sales channel', 'web-shop'),
        name: textLine(100).optional(),
        names: z.array(z.string().min(1)).optional(),
        weight: z.int().min(1).max(1_000_000).default(1),
        countries: z.array(z.string()).min(1).optional(),
      }),
    )
    .min(1)
    .refine((channels) => channels.some(({ countries }) => !countries), 'needs a channel that takes every country'),
});
export type Mapping = z.output<typeof mappingSchema>;

/** Reads a mapping file. Throws {@link UsageError} with a line per fault. */
export async function loadMapping(path: string): Promise<Mapping> {
  const parsed = mappingSchema.safeParse(await readJson(path));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.') || 'the file'} ${issue.message}`);
  throw new UsageError(`${path} is not a column mapping:\n${faults.join('\n')}`);
}

/** The mapping in `folder` whose columns the header has. Throws {@link UsageError} when none or several fit. */
export async function chooseMapping(folder: string, header: readonly string[]): Promise<Mapping> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const mappings = await Promise.all(files.map((file) => loadMapping(join(folder, file))));
  const fitting = mappings.filter((mapping) => fits(mapping, header));
  const [only] = fitting;
  if (only && fitting.length === 1) return only;
  const names = fitting.map(({ name }) => name).join(', ');
  throw new UsageError(
    only
      ? `The header fits several mappings (${names}). Name one with --mapping.`
      : `No mapping in ${folder} fits the header "${header.join(',').slice(0, 200)}". Write one and name it with --mapping.`,
  );
}

/** Whether every column the mapping names is in the header. */
export const fits = (mapping: Mapping, header: readonly string[]): boolean =>
  Object.values(mapping.columns).every((column) => column === undefined || header.includes(column));

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${path} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}
