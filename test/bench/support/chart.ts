import { formatNumber } from './format.js';
import type { Figure } from './measurements.js';

/** Bars of one unit below a heading. A whisker runs from the smallest to the greatest round. */
export interface ChartPanel {
  readonly title: string;
  readonly bars: readonly Figure[];
}

const WIDTH = 900;
const LABEL_WIDTH = 330;
const VALUE_WIDTH = 150;
const ROW_HEIGHT = 24;
const HEADING_HEIGHT = 44;

/** An SVG of horizontal bars. A panel whose values differ by more than a factor of 50 gets a logarithmic scale. */
export function chartSvg(title: string, panels: readonly ChartPanel[]): string {
  let top = 40;
  const parts = panels.map((panel) => {
    const part = `<g transform="translate(0 ${top})">${panelSvg(panel)}</g>`;
    top += HEADING_HEIGHT + panel.bars.length * ROW_HEIGHT;
    return part;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + 16}" font-family="sans-serif" font-size="13" fill="#222">`,
    `<rect width="${WIDTH}" height="${top + 16}" fill="#fff"/>`,
    text(16, 26, title, 'font-size="17" font-weight="bold"'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function panelSvg({ title, bars }: ChartPanel): string {
  const scale = scaleOf(bars);
  const rows = bars.map((bar, index) => barSvg(bar, HEADING_HEIGHT + index * ROW_HEIGHT, scale));
  return [text(16, 30, `${title}${scale.logarithmic ? ', logarithmic' : ''}`, 'font-weight="bold"'), ...rows].join(
    '\n',
  );
}

interface Scale {
  readonly logarithmic: boolean;
  x(value: number): number;
}

function scaleOf(bars: readonly Figure[]): Scale {
  const positive = bars.flatMap(({ median, max }) => [median, max]).filter((value) => value > 0);
  const most = Math.max(...positive, Number.MIN_VALUE);
  const least = Math.min(...positive, most);
  const logarithmic = most / least > 50;
  const space = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const share = (value: number): number =>
    logarithmic ? Math.log10(value / (least / 2)) / Math.log10(most / (least / 2)) : value / most;
  return { logarithmic, x: (value) => (value > 0 ? Math.max(0, share(value)) * space : 0) };
}

function barSvg({ name, median, min, max }: Figure, y: number, { x }: Scale): string {
  const middle = y + ROW_HEIGHT / 2 - 3;
  const from = LABEL_WIDTH + x(min);
  const to = LABEL_WIDTH + x(max);
  return [
    text(LABEL_WIDTH - 10, middle + 4, name, 'text-anchor="end"'),
    `<rect x="${LABEL_WIDTH}" y="${y}" width="${x(median).toFixed(1)}" height="${ROW_HEIGHT - 6}" fill="#3b7ea1"/>`,
    `<path d="M${from.toFixed(1)} ${middle}H${to.toFixed(1)}" stroke="#d2691e" stroke-width="2"/>`,
    text(Math.max(to, LABEL_WIDTH + x(median)) + 8, middle + 4, formatNumber(median)),
  ].join('');
}

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
