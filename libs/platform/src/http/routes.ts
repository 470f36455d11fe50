import type { FastifyInstance } from 'fastify';

/**
 * The routes of an application by path. A path that is written out goes before one with parameters, as OpenAPI has it:
 * `/v1/channels/lag` is no channel, so it has none of the methods of `/v1/channels/:channel`.
 */
export class Routes {
  private readonly fixed = new Map<string, Set<string>>();
  private readonly patterns: { readonly method: string; readonly pattern: RegExp }[] = [];

  /** Learns every route `instance` gets from now on. */
  constructor(instance: FastifyInstance) {
    instance.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) this.add(each, url);
    });
  }

  /** The methods of a path as it stands in a request; none for an unknown path. Meant for requests that are refused. */
  methodsOf(path: string): readonly string[] {
    const decoded = decodedPath(path);
    if (decoded === undefined) return [];
    const fixed = this.fixed.get(decoded);
    if (fixed) return [...fixed];
    return [...new Set(this.patterns.filter(({ pattern }) => pattern.test(decoded)).map(({ method }) => method))];
  }

  /** Whether `path` is written out in a route of other methods, so that no route with parameters may take it. */
  isTaken(path: string, method: string): boolean {
    const fixed = this.fixed.get(path);
    return fixed !== undefined && !fixed.has(method);
  }

  private add(method: string, url: string): void {
    if (!/[:*]/.test(url)) this.fixed.set(url, (this.fixed.get(url) ?? new Set()).add(method));
    else this.patterns.push({ method, pattern: patternOf(url) });
  }
}

/** Segments and nothing but segments: the router does not resolve `..`, so neither does this. */
function patternOf(url: string): RegExp {
  const segments = url.split('/').map((segment) => {
    if (segment.startsWith(':')) return '[^/]+';
    return segment === '*' ? '.*' : segment.replace(/[^\w-]/g, '\\$&');
  });
  return new RegExp(`^${segments.join('/')}$`, 's');
}

function decodedPath(path: string): string | undefined {
  try {
    return decodeURI(path);
  } catch {
    return undefined;
  }
}
