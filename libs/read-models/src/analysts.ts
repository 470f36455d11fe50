import type { ReadModels } from './read-models.js';

/**
 * Makes a role that may read the documented views (schema `analytics`, those to come included) and the events view of
 * the store where it is in this database, and nothing else. Grant the role to the analysts' logins. May be repeated.
 */
export async function grantAnalysts(readModels: ReadModels, role: string): Promise<void> {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(role)) throw new TypeError(`"${role}" is not a role name in snake_case.`);
  await readModels.transaction((tx) =>
    tx.execute(`
      do $do$ begin
        if not exists (select from pg_roles where rolname = '${role}') then
          create role "${role}" nologin;
        end if;
        if to_regclass('event_store.events') is not null then
          grant usage on schema event_store to "${role}";
          grant select on event_store.events to "${role}";
        end if;
      end $do$;
      grant usage on schema analytics to "${role}";
      grant select on all tables in schema analytics to "${role}";
      alter default privileges in schema analytics grant select on tables to "${role}"`),
  );
}
