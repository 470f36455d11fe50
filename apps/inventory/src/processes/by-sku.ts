/** Lines by SKU, in their order: one decision per SKU, however many lines name it. */
export function bySku<Line extends { readonly sku: string }>(lines: readonly Line[]): Map<string, Line[]> {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const group = groups.get(line.sku);
    if (group) group.push(line);
    else groups.set(line.sku, [line]);
  }
  return groups;
}
