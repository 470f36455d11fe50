import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from '../e2e/support/api.js';
import { SECRET } from '../e2e/support/installation.js';
import { addressOf, endOf, outputOf, startProgram } from '../e2e/support/programs.js';
import { installTool } from '../tools/tools.js';
import { askByGrpc } from './grpc.js';
import { askByRest } from './rest.js';
import { openShop } from './shop.js';

// Holds the started system against what it publishes: schemathesis against OpenAPI with all checks, grpcurl against the
// reflection of gRPC. Prints findings as the tools print them, and as its last line how many cases there were.

try {
  process.exitCode = await main();
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n0 passed, 1 failed, 0 skipped\n`);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const grpcurl = await installTool('grpcurl');
  const schemathesis = await installTool('schemathesis');
  const folder = mkdtempSync(join(tmpdir(), 'einklang-contract-'));
  const child = startProgram('apps/standalone/src/main', [], {
    EINKLANG_DATA_DIR: join(folder, 'data'),
    EINKLANG_HTTP_PORT: '0',
    EINKLANG_GRPC_PORT: '0',
    EINKLANG_LOG_LEVEL: 'error',
    SIMULATED_SHOP_SECRET: SECRET,
  });
  const output = outputOf(child);
  try {
    const httpUrl = await addressOf(child, output);
    await openShop(new Api(httpUrl));
    const grpc = await askByGrpc(grpcurl, Number(/gRPC on port (\d+)/.exec(output())?.[1]));
    const rest = await askByRest(schemathesis, httpUrl, folder);
    const stillThere = child.exitCode === null ? 0 : 1;
    if (stillThere > 0) process.stdout.write(`The system has ended: ${output()}\n`);
    const failed = grpc.failed + rest.failed + stillThere;
    process.stdout.write(`${grpc.passed + rest.passed} passed, ${failed} failed, 0 skipped\n`);
    return failed === 0 ? 0 : 1;
  } finally {
    child.kill('SIGTERM');
    await endOf(child);
    rmSync(folder, { recursive: true, force: true });
  }
}
