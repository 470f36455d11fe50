import { ServiceSlices, type SliceParts } from '#platform';
import type { ChangeChannel } from './channel/change-channel.js';
import type { ChannelMetrics } from './channel-metrics.js';
import type { ChannelReach } from './channel-reach.js';
import type { ConnectorRegistry } from './connectors/connector-registry.js';
import type { DriftChecks } from './drift/drift-checks.js';
import type { IntakeTable } from './intake/intake-table.js';
import type { ParkedSales } from './intake/parked-sales.js';
import type { PushLedger } from './push/push-ledger.js';
import type { Pushers } from './push/pushers.js';
import type { ChannelDirectory } from './views/channels/channel-directory.js';

export interface ChannelsParts extends SliceParts {
  readonly changes: ChangeChannel;
  readonly connectors: ConnectorRegistry;
  readonly directory: ChannelDirectory;
  readonly drift: DriftChecks;
  readonly table: IntakeTable;
  readonly parked: ParkedSales;
  readonly ledger: PushLedger;
  readonly pushers: Pushers;
  readonly reach: ChannelReach;
  readonly metrics: ChannelMetrics;
}

export const channels = new ServiceSlices<ChannelsParts>('channels');
