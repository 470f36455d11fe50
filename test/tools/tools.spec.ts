import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

describe('the installation of programs that check ours', () => {
  it('says what is needed where Go and Python are missing, and keeps it for the specs that are skipped then', () => {
    const cache = mkdtempSync(join(tmpdir(), 'einklang-tools-'));
    try {
      const hooks = new URL('../../libs/testing/src/typescript-hooks.ts', import.meta.url);
      const { status, stdout } = spawnSync(process.execPath, ['--import', hooks.href, 'test/tools/main.ts'], {
        encoding: 'utf8',
        env: { PATH: '', XDG_CACHE_HOME: cache },
      });
      expect(status).toBe(1);
      expect(stdout).toContain('helm.sh/helm/v3 needs Go 1.26 or newer, and go cannot be started.');
      expect(stdout).toContain('schemathesis needs Python 3.10 or newer, and python3 cannot be started.');
      const folder = join(cache, 'einklang/tools');
      const reason = readdirSync(folder).find((name) => /^promtool-.*\.missing$/.test(name)) ?? '';
      expect(readFileSync(join(folder, reason), 'utf8')).toMatch(/needs Go 1\.26 or newer/);
    } finally {
      rmSync(cache, { recursive: true });
    }
  });
});
