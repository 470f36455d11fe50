import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { createTestDatabase } from './test-database.js';

describe('the test database', () => {
  it('is empty, its own, durable, and gone when dropped', async () => {
    const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    expect(one.url).not.toBe(other.url);
    const client = new Client({ connectionString: one.url });
    await client.connect();
    const settings = await client.query(
      `select current_setting('fsync') as fsync, current_setting('server_encoding') as encoding`,
    );
    expect(settings.rows).toEqual([{ fsync: 'on', encoding: 'UTF8' }]);
    await client.end();
    await Promise.all([one.drop(), other.drop()]);
    await expect(new Client({ connectionString: one.url }).connect()).rejects.toMatchObject({ code: '3D000' });
  });
});
