import { Rejected } from '#kernel';
import { connectorSettings, type Environment, readSettings } from '#settings';
import type { ChannelAddress, ChannelConnector, ConnectorKind } from './connector.js';
import { simulatedConnector } from './simulated/simulated.connector.js';

/** The connectors this process has, by name. Those whose secret is missing are known and refused with a reason. */
export class ConnectorRegistry {
  readonly #kinds: ReadonlyMap<string, ConnectorKind>;
  readonly #connected = new Map<string, { readonly key: string; readonly connector: ChannelConnector }>();

  constructor(kinds: readonly ConnectorKind[]) {
    this.#kinds = new Map(kinds.map((kind) => [kind.name, kind]));
  }

  get names(): string[] {
    return [...this.#kinds.keys()];
  }

  /** The connector of a channel, kept while its address stays. Throws `Rejected` when there is none of that name. */
  of({ connector: name, channel, baseUrl }: ChannelAddress & { readonly connector: string }): ChannelConnector {
    const key = `${name} ${baseUrl}`;
    const known = this.#connected.get(channel);
    if (known?.key === key) return known.connector;
    const kind = this.#kinds.get(name);
    if (!kind) throw unavailable(name, this.names);
    const connector = kind.connect({ channel, baseUrl });
    this.#connected.set(channel, { key, connector });
    return connector;
  }

  /** Throws `Rejected` when a channel cannot use this connector here. */
  check(name: string): void {
    if (!this.#kinds.has(name)) throw unavailable(name, this.names);
  }
}

/** Every connector whose secrets are in the environment. */
export function connectorsFrom(environment: Environment): readonly ConnectorKind[] {
  const secret = readSettings(connectorSettings, environment).SIMULATED_SHOP_SECRET;
  return secret ? [simulatedConnector(secret)] : [];
}

function unavailable(name: string, names: readonly string[]): Rejected {
  const advice = name === 'simulated' ? ' Set SIMULATED_SHOP_SECRET for this process to use it.' : '';
  const known = names.length > 0 ? `Available: ${names.join(', ')}.` : 'None is available.';
  return new Rejected(
    'invalid',
    'connector-unavailable',
    `The connector ${name} is not available here. ${known}${advice}`,
  );
}
