import { describe, expect, it } from '@jest/globals';
import { PinoLogger } from './host.js';
import { runInContext } from './index.js';

function recorded(level: 'trace' | 'warn' = 'trace') {
  const lines: string[] = [];
  const logger = new PinoLogger(level, { write: (line) => void lines.push(line) });
  return { logger, lines, last: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('the logger', () => {
  it('writes one JSON line per event with level, time, context and fields', () => {
    const { logger, lines, last } = recorded();
    logger.log({ msg: 'Caught up', position: 7 }, 'Relay');
    expect(lines).toHaveLength(1);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/Z$/),
      context: 'Relay',
      msg: 'Caught up',
      position: 7,
    });
    logger.error('It broke', 'Error: x\n    at y', 'Relay');
    expect(last()).toMatchObject({ level: 'error', context: 'Relay', msg: 'It broke', stack: 'Error: x\n    at y' });
  });

  it('carries the correlation id of the request it is in', () => {
    const { logger, last } = recorded();
    runInContext({ correlationId: 'c-1', actor: 'till' }, () => logger.warn('late'));
    expect(last()).toMatchObject({ correlationId: 'c-1', msg: 'late' });
  });

  it('is quiet below its level', () => {
    const { logger, lines } = recorded('warn');
    logger.log('chatter');
    expect(lines).toEqual([]);
  });

  it('hides credentials and signatures', () => {
    const { logger, lines } = recorded();
    const headers = { authorization: 'S3CRET', cookie: 'S3CRET', 'x-signature': 'S3CRET', accept: 'all' };
    logger.log({ msg: 'a', headers });
    logger.log({ msg: 'b', req: { headers }, ...headers });
    expect(lines.join()).not.toContain('S3CRET');
    expect(lines.join()).toContain('all');
  });

  it('keeps message, stack and causes of errors, and not what a driver hangs on them', () => {
    const { logger, last, lines } = recorded();
    const cause = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(me@example.org)',
      parameters: ['me@example.org'],
    });
    logger.error({ msg: 'Storing failed', err: new Error('store', { cause }) });
    expect(last()).toMatchObject({
      err: { type: 'Error', message: 'store', cause: { message: 'duplicate key', code: '23505' } },
    });
    expect(lines.join()).not.toContain('me@example.org');
  });
});
