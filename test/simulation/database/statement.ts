/** What the simulated server must know of a statement. */
export interface Statement {
  readonly sql: string;
  readonly kind: 'read' | 'write' | 'begin' | 'commit' | 'rollback' | 'listen';
  /** It asks for an advisory lock of its session, or gives some back. */
  readonly lock: 'try' | 'unlock' | 'unlock-all' | undefined;
  /** It reads nothing but the log, which no transaction of several statements writes to. */
  readonly readsLogOnly: boolean;
  /** Its answer follows from its parameters and from what the database holds. */
  readonly repeatable: boolean;
  /** For the trace. */
  readonly label: string;
}

const known = new Map<string, Statement>();
const KNOWN_MAX = 2_000;

export function statementOf(sql: string): Statement {
  const found = known.get(sql);
  if (found) return found;
  if (known.size === KNOWN_MAX) known.clear();
  const statement = examine(sql);
  known.set(sql, statement);
  return statement;
}

function examine(sql: string): Statement {
  const words = sql.trim().toLowerCase();
  const kind = kindOf(words);
  return {
    sql,
    kind,
    lock: lockOf(words),
    readsLogOnly:
      kind === 'read' && words.includes('event_store.') && !/view_|read_models|channels\.|analytics/.test(words),
    repeatable: kind === 'read' && !/\bnow\(|\b(pg|current|random|nextval|set)/.test(words),
    label: words.slice(0, 48).replace(/\s+/g, ' '),
  };
}

function kindOf(words: string): Statement['kind'] {
  if (words.startsWith('begin') || words.startsWith('start transaction')) return 'begin';
  if (words.startsWith('commit')) return 'commit';
  if (words.startsWith('rollback')) return 'rollback';
  if (words.startsWith('listen')) return 'listen';
  return /\b(insert|update|delete|create|drop|alter|truncate|analyze)\b/.test(words) ? 'write' : 'read';
}

function lockOf(words: string): Statement['lock'] {
  if (words.includes('pg_try_advisory_lock(')) return 'try';
  if (words.includes('pg_advisory_unlock_all(')) return 'unlock-all';
  return words.includes('pg_advisory_unlock(') ? 'unlock' : undefined;
}

/** The statement with the server's answer in the place of the call; its parameters keep their types. */
export function answered(sql: string, answer: boolean): string {
  const statement = sql
    .replace('pg_try_advisory_lock($1, $2)', `($1::integer is not null and $2::integer is not null and ${answer})`)
    .replace(
      /pg_(?:try_advisory_lock|advisory_unlock)\(hashtextextended\([^()]*\$1, 0\)\)/,
      `($1::text is not null and ${answer})`,
    )
    .replace('pg_advisory_unlock_all()', String(answer));
  // The database below has one session, to which every lock is its own.
  if (statement === sql) throw new Error(`The simulated server knows no such lock: ${sql}`);
  return statement;
}
