#!/bin/sh
# A role for each service, and for each a database that no other sees. The image of PostgreSQL runs it on a new volume; on
# one that is there already it makes what is missing, and changes no password:
#
#   docker compose exec postgres /docker-entrypoint-initdb.d/roles.sh
set -eu

sql() { psql --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres "$@"; }

make_role() {
    password=$(sed -E 's|^postgresql://[^:]+:([^@]+)@.*|\1|' "/run/secrets/$1_database_url")
    sql --set=role="$1" --set=password="$password" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', :'role', :'password')
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'role', :'role')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'role') \gexec
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
}

make_role auth
make_role chat
make_role answer
sql <<'SQL'
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL
