import { Client } from 'pg';

/** Rows of one statement, over a connection that ends with it. */
export async function query<Row extends object>(url: string, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, parameters)).rows;
  } finally {
    await client.end();
  }
}

/** Every row of every table as text, whatever its schema: what a thief of the database sees. */
export async function dump(url: string): Promise<string> {
  const tables = await query<{ name: string }>(
    url,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    // The log keeps its events as bytes; they are text all the same.
    const columns = name === 'event_store.batches' ? `row, convert_from(events, 'UTF8') as events` : 'row';
    for (const row of await query(url, `select ${columns} from ${name} as row`)) texts.push(JSON.stringify(row));
  }
  return texts.join('\n');
}

/** Keeps a view or process from working, as another process at the same work would, until `release`. */
export async function takeLease(url: string, name: string): Promise<{ release(): Promise<void> }> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {
    // The server ends with the installation, lease or no lease.
  });
  await client.connect();
  await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [`einklang.read-models.${name}`]);
  return { release: () => client.end() };
}
