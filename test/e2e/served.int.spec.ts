import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { Installation, type RunningSystem } from './support/installation.js';

// What lies in files beside modules: the build puts modules together, and these have to be found all the same.
describe('the program serves what lies in files of its packages', () => {
  let installation: Installation;
  let system: RunningSystem;

  beforeAll(async () => {
    installation = await Installation.create();
    system = await installation.start();
  });
  afterAll(() => installation?.remove());

  it('the OpenAPI document, to all who are the first to ask', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => system.api.send('GET', '/docs-json')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.body).toMatchObject({
      paths: { '/v1/reservations': { post: { responses: { 201: {} } } } },
      components: { schemas: { Problem: {} } },
    });
  });

  it.each(['/docs', '/docs/swagger-ui-bundle.js', '/docs/swagger-ui.css'])('%s', async (path) => {
    const { status, text } = await system.api.send('GET', path);
    expect(status).toBe(200);
    expect(text.length).toBeGreaterThan(1_000);
  });

  it('the services and messages of gRPC, by reflection', async () => {
    const { grpcPort } = running.parse(JSON.parse(await readFile(join(installation.dataDir, 'running.json'), 'utf8')));
    const { Reflection } = protocol();
    const client = new Reflection(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
    const call = client.ServerReflectionInfo();
    const names = new Promise<string[]>((resolve, reject) => {
      call.on('error', reject);
      call.on('data', (answer: unknown) =>
        resolve(listing.parse(answer).listServicesResponse.service.map(({ name }) => name)),
      );
    });
    call.write({ listServices: '' });
    expect((await names).filter((name) => !name.startsWith('grpc.reflection'))).toEqual([
      'einklang.catalog.v1.Catalog',
      'einklang.inventory.v1.Stock',
      'einklang.inventory.v1.Transfers',
      'einklang.orders.v1.Orders',
      'einklang.customers.v1.Customers',
      'grpc.health.v1.Health',
    ]);
    call.end();
    client.close();
  });
});

const running = z.object({ grpcPort: z.int() });
const listing = z.object({ listServicesResponse: z.object({ service: z.array(z.object({ name: z.string() })) }) });

function protocol() {
  const folder = fileURLToPath(new URL('../../build/proto/', import.meta.resolve('@grpc/reflection')));
  const loaded = loadPackageDefinition(loadSync('grpc/reflection/v1/reflection.proto', { includeDirs: [folder] }));
  return { Reflection: Object(loaded.grpc).reflection.v1.ServerReflection };
}
