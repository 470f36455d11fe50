/** Something that runs SQL: the pool, or one transaction. */
export interface Tx {
  /**
   * Runs one statement and answers its rows. int8 comes as a number when safe (as a string beyond 2^53), timestamptz as
   * ISO 8601 in UTC, date as `YYYY-MM-DD`, numeric as a string. Throws `DatabaseError`.
   */
  query<Row extends object>(sql: string, params?: readonly unknown[]): Promise<Row[]>;

  /** Runs a statement, or several separated by semicolons when there are no parameters, and answers the rows touched. */
  execute(sql: string, params?: readonly unknown[]): Promise<number>;
}
