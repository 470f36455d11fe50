/** The nodes that a connection string names, `host:port`, and one for each of them alone. */
export interface NamedNodes {
  readonly hosts: readonly string[];
  /** True for `esdb+discover://`: the name stands for a cluster. */
  readonly isDiscovered: boolean;
  /** The connection string of one node, with the user and the settings of the whole. */
  readonly urlOf: (address: string) => string;
}

/** Of a connection string that the client has found no fault with. */
export function nodesIn(url: string): NamedNodes {
  const { scheme = '', user = '', hosts = '', query = '' } = CONNECTION_STRING.exec(url.trim())?.groups ?? {};
  return {
    hosts: hosts.split(',').map((host) => (host.includes(':') ? host : `${host}:${DEFAULT_PORT}`)),
    isDiscovered: scheme === 'esdb+discover',
    urlOf: (address) => `esdb://${user}${address}${query}`,
  };
}

const DEFAULT_PORT = 2113;
const CONNECTION_STRING = /^(?<scheme>[^:]+):\/\/(?<user>[^:/?]+:[^@]+@)?(?<hosts>[^/?]+)\/?(?<query>\?.*)?$/;
