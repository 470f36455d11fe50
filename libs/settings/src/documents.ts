import { defaultOf, type Setting } from './define-settings.js';
import { allSettings } from './settings.js';

interface Documented {
  readonly of: string;
  readonly settings: Readonly<Record<string, Setting>>;
}

/** docs/settings.md. */
export const settingsDocument = (groups: readonly Documented[] = allSettings): string =>
  [
    '# Settings',
    '',
    'Environment variables, read once at the start. An empty value counts as unset. A wrong value ends the start with a sentence, and so',
    'does a name that looks like a setting and is none (`EINKLANG_HASHKEY`). **Needed** is what a service cannot do without where it',
    'runs alone; `npm start` needs none. Generated from `libs/settings`.',
    ...groups.flatMap(({ of, settings }) => ['', `## ${of}`, '', ...tableOf(settings)]),
    '',
  ].join('\n');

/** The lines of a `--help`: name, meaning, and what holds without it. */
export const settingsHelp = (groups: readonly Documented[]): string =>
  groups
    .flatMap(({ settings }) => Object.entries(settings))
    .map(([name, setting]) => `  ${name.padEnd(NAME_WIDTH)}  ${setting.says.replaceAll('`', '')}${holds(setting)}`)
    .join('\n');

const NAME_WIDTH = 29;

function holds(setting: Setting): string {
  if (setting.neededAlone) return ' (needed)';
  const preset = defaultOf(setting).replaceAll('`', '');
  return preset === '' ? '' : ` (${preset})`;
}

/** In columns as wide as their widest cell, as the formatter has tables. */
function tableOf(settings: Readonly<Record<string, Setting>>): string[] {
  const rows = Object.entries(settings).map(([name, setting]) => [
    `\`${name}\``,
    [defaultCell(setting), setting.neededAlone && '**needed**'].filter(Boolean).join('; '),
    [setting.says, setting.secret && 'secret'].filter(Boolean).join('; '),
  ]);
  const widths = ['variable', 'default', 'meaning'].map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(['variable', 'default', 'meaning']), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

const defaultCell = (setting: Setting): string => {
  const preset = defaultOf(setting);
  return setting.unset === undefined && preset !== '' ? `\`${preset}\`` : preset;
};
