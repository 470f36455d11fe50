import { expect, it } from '@jest/globals';
import { nodesIn } from './nodes-in-url.js';

it.each([
  ['esdb://log:2113', ['log:2113'], false, 'esdb://one:1'],
  ['esdb://log', ['log:2113'], false, 'esdb://one:1'],
  ['esdb://a:2113,b:2114,c?tls=false', ['a:2113', 'b:2114', 'c:2113'], false, 'esdb://one:1?tls=false'],
  ['esdb+discover://logs/?tls=true', ['logs:2113'], true, 'esdb://one:1?tls=true'],
  [
    ' esdb://a%40b:p%3Aw@log:1,b:2?tlsCAFile=/c/d.crt ',
    ['log:1', 'b:2'],
    false,
    'esdb://a%40b:p%3Aw@one:1?tlsCAFile=/c/d.crt',
  ],
])('finds the nodes in %j, and gives each the rest of it', (url, hosts, isDiscovered, ofOne) => {
  const found = nodesIn(url);
  expect(found).toMatchObject({ hosts, isDiscovered });
  expect(found.urlOf('one:1')).toBe(ofOne);
});
