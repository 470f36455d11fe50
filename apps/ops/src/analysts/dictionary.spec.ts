import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { analystsSee, column, defineTable, orNull } from '#read-models';
import { projectionsOf } from '../services.js';
import { withDictionary } from './dictionary.js';

const tills = defineTable({
  name: 'tills',
  columns: {
    tillId: column.code('The till'),
    takenMinor: column.money('Taken today'),
    closedAt: orNull(column.instant('When it was closed; null while it is open')),
  },
  key: ['tillId'],
});
const projection = {
  name: 'tills',
  version: 1,
  types: [],
  tables: [tills],
  apply: async () => {},
  analystViews: [analystsSee(tills, { description: 'A row per till' })],
};

describe("the analysts' dictionary", () => {
  it('stands in its page as the views say it', () => {
    const page = readFileSync(new URL('../../../../docs/analysts.md', import.meta.url), 'utf8');
    // Differs? Build, then: node dist/apps/ops/src/analysts/write-dictionary.js docs/analysts.md
    expect(withDictionary(page, projectionsOf(undefined))).toBe(page);
  });

  it('names each column with its type, its unit and what it means', () => {
    const page = withDictionary(
      'Before.\n\n<!-- Generated from the views: see apps/ops/README.md. -->old<!-- End of what is generated. -->\n\nAfter.\n',
      [projection],
    );
    expect(page).toBe(`Before.

<!-- Generated from the views: see apps/ops/README.md. -->

### analytics.tills

A row per till.

| column        | type        | unit        | meaning                                   |
| ------------- | ----------- | ----------- | ----------------------------------------- |
| \`till_id\`     | text        |             | The till                                  |
| \`taken_minor\` | bigint      | minor units | Taken today                               |
| \`closed_at\`   | timestamptz |             | When it was closed; null while it is open |

<!-- End of what is generated. -->

After.
`);
  });

  it('is not written into a page that has no place for it', () => {
    expect(() => withDictionary('A page.', [projection])).toThrow('has no part between');
  });
});
