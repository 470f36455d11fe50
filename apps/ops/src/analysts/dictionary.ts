import { type AnalystView, columnNameOf, type Projection } from '#read-models';

const [BEGIN, END] = [
  '<!-- Generated from the views: see apps/ops/README.md. -->',
  '<!-- End of what is generated. -->',
];

/** A page of documentation with the views of these projections between its marks. Throws where it has no marks. */
export function withDictionary(page: string, projections: readonly Projection[]): string {
  const [before, , after] = page.split(new RegExp(`(?<=${BEGIN})([^]*)(?=${END})`));
  if (before === undefined || after === undefined) throw new Error(`The page has no part between ${BEGIN} and ${END}.`);
  const views = new Set(projections.flatMap(({ analystViews = [] }) => analystViews));
  const sections = [...views].toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(sectionOf);
  return `${before}\n\n${sections.join('\n\n')}\n\n${after}`;
}

function sectionOf({ name, description, columns }: AnalystView): string {
  const rows = Object.entries(columns).map(([field, column]) => [
    `\`${columnNameOf(field)}\``,
    column.type,
    column.unit ?? '',
    column.values ? `${column.description}; one of ${column.values.join(', ')}` : column.description,
  ]);
  return `### analytics.${name}\n\n${description}.\n\n${table(['column', 'type', 'unit', 'meaning'], rows)}`;
}

/** In columns of equal width, as the formatter has it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, index) => Math.max(...[head, ...rows].map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${widths.map((width, index) => (cells[index] ?? '').padEnd(width, fill)).join(' | ')} |`;
  return [line(head), line([], '-'), ...rows.map((row) => line(row))].join('\n');
}
