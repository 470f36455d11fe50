import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';

/** A YAML file, or a stream of documents as `helm template` prints it, as plain data. Merge keys are resolved. */
export const readYaml = (path: string): unknown => parse(readFileSync(path, 'utf8'), { merge: true });

export const yamlDocuments = (text: string): unknown[] =>
  parseAllDocuments(text, { merge: true })
    .map((document): unknown => document.toJS())
    .filter((document) => document !== null);

export const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
