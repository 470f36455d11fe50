/** A time series that an expression asks for, with the labels it selects by. */
export interface Selector {
  readonly series: string;
  readonly labels: readonly string[];
}

/** The series of ours in an expression. Other names are functions, labels or numbers: ours have prefixes of their own. */
export function selectorsIn(expression: string): Selector[] {
  const found = expression.matchAll(/\b((?:einklang|process|nodejs)_[a-z0-9_]+|up)\b(?:\{([^}]*)\})?/g);
  return [...found].map(([, series = '', matchers = '']) => ({
    series,
    labels: [...matchers.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }));
}

/** Labels an expression groups by. */
export const groupingIn = (expression: string): string[] =>
  [...expression.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels
      .split(',')
      .map((label) => label.trim())
      .filter((label) => label !== ''),
  );
