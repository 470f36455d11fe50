import { globSync, readFileSync } from 'node:fs';
import { serviceNames } from '#contracts';

/** Every REST route of the services, with `x` for its parameters. */
export function routes(): { service: string; path: string }[] {
  const controllers = serviceNames.flatMap((name) => globSync(`apps/${name}/src/**/*.{controller,http}.ts`));
  return controllers.flatMap((file) => {
    const [, service = ''] = file.split('/');
    const source = readFileSync(file, 'utf8');
    const [, base = ''] = /@Controller\('([^']*)'\)/.exec(source) ?? [];
    return [...source.matchAll(/@(?:Get|Post|Put|Delete|Patch)\((?:'([^']*)')?\)/g)]
      .filter(() => base !== '')
      .map(([, rest = '']) => ({
        service,
        path: `/${[base, rest].filter(Boolean).join('/')}`.replaceAll(/:\w+/g, 'x'),
      }));
  });
}
