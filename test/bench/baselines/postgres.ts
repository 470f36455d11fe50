import { Client } from 'pg';

/** A connection, to talk to the database as a program that has nothing but the driver. */
export type PostgresClient = Client;

export async function connectTo(url: string): Promise<PostgresClient> {
  const client = new Client({ connectionString: url });
  // A connection that breaks tells the query that was running.
  client.on('error', () => {});
  await client.connect();
  return client;
}
