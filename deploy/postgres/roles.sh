#!/bin/sh
# Run by the image of PostgreSQL on a new volume: a role for each service, and for each a database that no other sees.
set -eu

make_role() {
    password=$(sed -E 's|^postgresql://[^:]+:([^@]+)@.*|\1|' "/run/secrets/$1_database_url")
    psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
        --set=role="$1" --set=password="$password" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
}

make_role auth
make_role chat
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL
