import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { Rejected } from '#kernel';
import { InvalidRequest } from './invalid-request.js';
import { resultsOf, resultsTogether, rowsOf } from './rows.js';

const schema = rowsOf(z.strictObject({ units: z.int().min(1) }), 3);
const rows = schema.parse([{ units: 1 }, { units: 0 }, { units: 3 }]);
const problem = { problem: expect.objectContaining({ status: 400, code: 'invalid-request' }) };

describe('the rows of a bulk request', () => {
  it('are checked one by one, with pointers into the row', () => {
    expect(rows[0]).toEqual({ units: 1 });
    expect(rows[1]).toBeInstanceOf(InvalidRequest);
    expect((rows[1] as InvalidRequest).issues).toMatchObject([{ in: 'body', pointer: '#/units' }]);
  });

  it.each([[[]], [[1, 2, 3, 4]], ['rows'], [{}]])('are no fewer than one and no more than stated: %j', (sent) => {
    expect(schema.safeParse(sent).success).toBe(false);
  });

  it('are documented as what they should be and as what is taken', () => {
    const { items } = z.toJSONSchema(schema, { io: 'input' });
    expect(items).toMatchObject({ anyOf: [{ type: 'object', required: ['units'] }, {}] });
  });
});

describe('the results of a bulk request', () => {
  it('are in the order of the rows, worked on one by one or together', async () => {
    const one = await resultsOf(rows, async ({ units }, index) => ({ units, index }));
    expect(one.results).toEqual([{ units: 1, index: 0 }, problem, { units: 3, index: 2 }]);
    const together = await resultsTogether(rows, async (sound) => sound.map(({ units }) => ({ units })));
    expect(together).toEqual([{ units: 1 }, problem, { units: 3 }]);
  });

  it('hold the refusal of a row', async () => {
    const refusal = new Rejected('conflict', 'too-late', 'It left already.');
    const refused = { problem: expect.objectContaining({ status: 409, code: 'too-late' }) };
    const { results } = await resultsOf(rows, ({ units }) =>
      units > 1 ? Promise.reject(refusal) : Promise.resolve({}),
    );
    expect(results).toEqual([{}, problem, refused]);
    expect(await resultsTogether(rows, async () => [refusal, { units: 3 }])).toEqual([refused, problem, { units: 3 }]);
  });

  it('are none where a row failed by a fault, so that all are sent again', async () => {
    const fault = new TypeError('a fault');
    await expect(resultsOf(rows, () => Promise.reject(fault))).rejects.toBe(fault);
    await expect(resultsTogether(rows, async () => [fault, { units: 3 }])).rejects.toBe(fault);
    await expect(resultsTogether(rows, async () => [])).rejects.toThrow('no result');
  });
});
