import { describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { dyingPostgres } from '#testing';
import { isConnectionLoss, poolConfig } from './connection.js';

describe('a pool', () => {
  it('lives on when the server dies while it greets, and the query fails', async () => {
    const dying = await dyingPostgres();
    const pool = new Pool(poolConfig(dying.url, 'spec', 1));
    pool.on('error', () => {});
    for (let times = 0; times < 3; times += 1) {
      const answer = pool.connect().then(async (client) => {
        try {
          return await client.query('select 1');
        } finally {
          client.release(true);
        }
      });
      const error = await answer.catch((caught: unknown) => caught);
      expect(isConnectionLoss(error)).toBe(true);
    }
    expect(dying.connections()).toBe(3);
    await pool.end();
    await dying.stop();
  });
});
