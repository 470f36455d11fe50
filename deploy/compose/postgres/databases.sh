#!/bin/sh
# Runs once, when the server is set up: a login and a database of its own for each service.
set -eu

for service in catalog inventory orders customers channels; do
  psql --set=ON_ERROR_STOP=1 --username=postgres --set=service="$service" --set=password="$SERVICES_PASSWORD" <<'SQL'
create role :"service" login password :'password';
create database :"service" owner :"service";
revoke connect on database :"service" from public;
SQL
done
