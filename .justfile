# The commands that one needs. Without `just`, read them off here.

# What there is.
default:
    @just --list

# Start all of Banyan in one process, on http://127.0.0.1:8000.
run *arguments:
    cargo run -- {{arguments}}

# Run the tests on SQLite; with a name, some of them.
test *filter:
    cargo test --workspace {{ if filter == "" { "" } else { "-- " + filter } }}

# Format, and hold what is quick to hold.
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets --locked -- -D warnings
    .ci/circles
    .ci/paths
    .ci/glossary

# Run all that a landing must pass.
ci:
    bash .ci/run

# Run the tests on a PostgreSQL and on a MongoDB of their own.
engines *filter:
    #!/usr/bin/env bash
    set -euo pipefail
    folder=$(mktemp -d)
    mkdir "$folder/postgres" "$folder/mongo"
    chmod 755 "$folder"
    trap '.ci/postgres stop "$folder/postgres"; .ci/mongo stop "$folder/mongo"; rm -rf "$folder"' EXIT
    TEST_DATABASE_URL=$(.ci/postgres start "$folder/postgres")
    TEST_MONGO_URL=$(.ci/mongo start "$folder/mongo")
    export TEST_DATABASE_URL TEST_MONGO_URL TEST_MONGO_SERVER=.ci/mongo
    cargo test --workspace {{ if filter == "" { "" } else { "-- " + filter } }}

# Start the stack in containers, on port 8000, and walk through its API.
compose:
    deploy/secrets
    docker compose up --build --wait
    deploy/smoke http://127.0.0.1:8000
