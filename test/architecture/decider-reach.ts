import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** A file that decisions or folds run, and the libraries, packages and parts of Node it imports itself. */
export interface ReachedFile {
  readonly path: string;
  readonly imports: readonly string[];
}

/**
 * Every file of ours that these reach by imports of values, themselves included. It stops at libraries (`#kernel`): they are named
 * among the imports. Types are gone when the program runs.
 */
export function reachedFrom(paths: readonly string[], root = '.'): ReachedFile[] {
  const reached = new Map<string, ReachedFile>();
  const open = [...paths];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    const specifiers = valueImportsOf(readFileSync(join(root, path), 'utf8'));
    const beside = specifiers.filter((name) => name.startsWith('.'));
    reached.set(path, { path, imports: specifiers.filter((name) => !name.startsWith('.')) });
    open.push(
      ...beside
        .map((name) => join(dirname(path), name.replace(/\.js$/, '.ts')))
        .filter((file) => existsSync(join(root, file))),
    );
  }
  return [...reached.values()].toSorted((one, other) => one.path.localeCompare(other.path));
}

function valueImportsOf(text: string): string[] {
  const { statements } = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    if (!moduleSpecifier || !ts.isStringLiteral(moduleSpecifier) || isOfTypes(statement)) return [];
    return [moduleSpecifier.text];
  });
}

/** `import type …`, and `import { type A, type B }`. */
function isOfTypes(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) return statement.isTypeOnly;
  const clause = statement.importClause;
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  return (
    !name &&
    !!namedBindings &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every((each) => each.isTypeOnly)
  );
}
