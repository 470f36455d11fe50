import type { EventDefinitions } from '#contracts';
import { compareProjection, type Projection, type ProjectionComparison } from '#read-models';
import { formatNumber, startProgress, type Terminal, writeLine } from '../console/terminal.js';
import type { OpenLog } from '../log/open-log.js';
import type { ChannelCheck } from './channel-check.js';
import { isSound, type LogFindings, verifyLog } from './verify-log.js';

export interface VerifyOptions {
  readonly log: OpenLog;
  readonly definitions: EventDefinitions;
  readonly projections: readonly Projection[];
  /** Absent: channels are not looked at. */
  readonly channels: ChannelCheck | undefined;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

/** Checks the log, every view against a fresh fold of it, and every channel's numbers. Answers whether all is well. */
export async function verify(options: VerifyOptions): Promise<boolean> {
  const isLogSound = await checkLog(options);
  let areViewsEqual = true;
  for (const projection of options.projections) {
    options.signal.throwIfAborted();
    areViewsEqual = (await checkView(options, projection)) && areViewsEqual;
  }
  const areChannelsEqual = await checkChannels(options);
  const isFine = isLogSound && areViewsEqual && areChannelsEqual;
  writeLine(options.terminal, isFine ? 'No differences.' : 'There are differences.');
  return isFine;
}

async function checkLog({ log, definitions, signal, terminal }: VerifyOptions): Promise<boolean> {
  const bar = startProgress(terminal, 'Log', await log.store.head());
  let findings: LogFindings;
  try {
    findings = await verifyLog(log.store, definitions, { onProgress: (position) => bar.update(position), signal });
  } finally {
    bar.end();
  }
  const isFine = isSound(findings);
  const { events, positionGaps, revisionGaps, unknownTypes, invalidData, examples } = findings;
  writeLine(
    terminal,
    isFine
      ? `log: ${formatNumber(events)} events, all in order and of the right shape`
      : `log: ${formatNumber(events)} events, ${positionGaps} gaps in positions, ${revisionGaps} in revisions, unknown ${listed(unknownTypes)}, invalid ${listed(invalidData)}`,
  );
  for (const example of examples) writeLine(terminal, `  ${example}`);
  return isFine;
}

async function checkView({ log, signal, terminal }: VerifyOptions, projection: Projection): Promise<boolean> {
  const bar = startProgress(terminal, `View ${projection.name}`, await log.store.head());
  let comparison: ProjectionComparison;
  try {
    comparison = await compareProjection(log.readModels, projection, log.store, {
      onProgress: ({ position }) => bar.update(position),
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    writeLine(terminal, `view ${projection.name}: not compared: ${sentenceOf(error)}`);
    return false;
  } finally {
    bar.end();
  }
  const rows = comparison.tables.reduce((sum, table) => sum + table.rows, 0);
  const differences = comparison.tables.reduce((sum, table) => sum + table.differences, 0);
  const behind = (await log.store.head()) - comparison.position;
  writeLine(
    terminal,
    `view ${projection.name}: ${formatNumber(rows)} rows, ${formatNumber(differences)} differences${behind > 0 ? ` (at position ${comparison.position}, ${formatNumber(behind)} before the end of the log)` : ''}`,
  );
  for (const { table, examples } of comparison.tables) {
    for (const { live, rebuilt } of examples)
      writeLine(terminal, `  ${table}: stored ${JSON.stringify(live)}, folded again ${JSON.stringify(rebuilt)}`);
  }
  if (comparison.parked > 0)
    writeLine(
      terminal,
      `  ${formatNumber(comparison.parked)} events are parked: ops parked list --runner ${projection.name}`,
    );
  if (comparison.skipped > 0)
    writeLine(terminal, `  ${formatNumber(comparison.skipped)} events are left out: ops parked skip named them`);
  return comparison.equal && comparison.parked === 0;
}

async function checkChannels({ channels, signal, terminal }: VerifyOptions): Promise<boolean> {
  if (!channels) {
    writeLine(terminal, 'channels: not looked at');
    return true;
  }
  let isFine = true;
  try {
    for (const channel of await channels.channels()) {
      signal.throwIfAborted();
      isFine = (await checkChannel(channels, channel, terminal)) && isFine;
    }
  } finally {
    await channels.close();
  }
  return isFine;
}

async function checkChannel(channels: ChannelCheck, channel: string, terminal: Terminal): Promise<boolean> {
  try {
    const { listings, differences } = await channels.differences(channel);
    writeLine(
      terminal,
      `channel ${channel}: ${formatNumber(listings)} listings, ${formatNumber(differences.length)} differences`,
    );
    for (const { sku, externalId, shown, available } of differences.slice(0, MAX_EXAMPLES)) {
      writeLine(terminal, `  ${sku} (${externalId}): shows ${shown ?? 'nothing'}, available ${available}`);
    }
    return differences.length === 0;
  } catch (error) {
    writeLine(terminal, `channel ${channel}: not checked: ${sentenceOf(error)} --skip-channels leaves channels out.`);
    return false;
  }
}

const MAX_EXAMPLES = 20;

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const listed = (counts: ReadonlyMap<string, number>): string =>
  counts.size === 0 ? 'none' : Array.from(counts, ([type, count]) => `${type} ${count}`).join(', ');
