import { globSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { MAX_APPEND_BYTES_MAX } from '#testing';

it('sets EventStoreDB up for appends as large as a server can take, wherever that is said', () => {
  const files = globSync('{README.md,docs/**/*.md,deploy/**/*.{md,yaml,tpl,json},{apps,libs,test}/*/README.md}');
  const said = files.flatMap((file) => {
    const sizes = readFileSync(file, 'utf8').matchAll(/MAX_APPEND_SIZE\W{1,4}(\d+)/g);
    return [...sizes].map(([, bytes]) => [file, Number(bytes)]);
  });
  expect(said.map(([file]) => file)).toEqual(
    expect.arrayContaining([
      'docs/deploying.md',
      'deploy/compose/compose.yaml',
      'libs/event-store-eventstoredb/README.md',
    ]),
  );
  expect(said.filter(([, bytes]) => bytes !== MAX_APPEND_BYTES_MAX)).toEqual([]);
});
