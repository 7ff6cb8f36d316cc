//! Migrations: numbered, embedded, idempotent. The process that runs them holds a lock document.
//!
//! A migration is a list of database commands, in `migrations/mongo/<name>/up.json`. The collection `schema` holds how many
//! were run.

use crate::store::mongo::client::connect::failed;
use crate::store::mongo::client::errors::{WriteError, is_index_not_found, write_error};
use mongodb::bson::{Document, doc};
use mongodb::{Collection, Database};
use shared::clock::Clock;
use shared::error::StartError;
use shared::ids::OperationId;
use shared::service::Service;
use std::time::Duration;

/// The target of the log lines, kept from before the module moved: operators filter by it.
const LOG_TARGET: &str = "branch::store::mongo::migrate";
/// The migrations by name, oldest first. A published one is never edited.
pub(crate) const MIGRATIONS: [(&str, &str); 7] = [
    ("2026-11-22-000000_tree", include_str!("../../../../migrations/mongo/2026-11-22-000000_tree/up.json")),
    (
        "2026-11-30-000000_messages_by_chat",
        include_str!("../../../../migrations/mongo/2026-11-30-000000_messages_by_chat/up.json"),
    ),
    (
        "2026-11-30-100000_versions",
        include_str!("../../../../migrations/mongo/2026-11-30-100000_versions/up.json"),
    ),
    ("2026-12-01-000000_undo", include_str!("../../../../migrations/mongo/2026-12-01-000000_undo/up.json")),
    (
        "2026-12-01-100000_activity",
        include_str!("../../../../migrations/mongo/2026-12-01-100000_activity/up.json"),
    ),
    (
        "2026-12-01-200000_chat_forks",
        include_str!("../../../../migrations/mongo/2026-12-01-200000_chat_forks/up.json"),
    ),
    (
        "2026-12-02-000000_recent_branches",
        include_str!("../../../../migrations/mongo/2026-12-02-000000_recent_branches/up.json"),
    ),
];
/// The lease of the lock: after it, the lock of a dead process is broken.
const LOCK_LEASE: Duration = Duration::from_secs(60);
/// Attempts at the lock, and the pause between.
const MAX_LOCK_ATTEMPTS: usize = 1_200;
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// Runs the migrations that are not applied yet.
pub(crate) async fn migrate(database: &Database, clock: &Clock) -> Result<(), StartError> {
    let schema = database.collection::<Document>("schema");
    if number(&schema).await.map_err(|error| failed(&error))? >= MIGRATIONS.len() {
        return Ok(());
    }
    let holder = OperationId::generate().to_string();
    lock(&schema, &holder, clock).await?;
    let migrated = run(database, &schema).await;
    let unlocked = schema.delete_one(doc! {"_id": "lock", "holder": holder}).await;
    migrated?;
    unlocked.map(drop).map_err(|error| failed(&error))
}

/// The number of migrations that were run on a database.
pub(crate) async fn applied_migrations(database: &Database) -> mongodb::error::Result<usize> {
    number(&database.collection::<Document>("schema")).await
}

async fn number(schema: &Collection<Document>) -> mongodb::error::Result<usize> {
    let found = schema.find_one(doc! {"_id": "schema"}).await?;
    let number = found.and_then(|found| found.get_i64("number").ok()).unwrap_or_default();
    Ok(usize::try_from(number).unwrap_or_default())
}

async fn lock(schema: &Collection<Document>, holder: &str, clock: &Clock) -> Result<(), StartError> {
    for _ in 0..MAX_LOCK_ATTEMPTS {
        let now = clock.now();
        let lock = doc! {"_id": "lock", "holder": holder, "until": now.plus(LOCK_LEASE).as_micros()};
        match schema.insert_one(&lock).await {
            Ok(_) => return Ok(()),
            Err(error) if write_error(&error) == WriteError::Duplicate => {
                let expired = doc! {"_id": "lock", "until": {"$lt": now.as_micros()}};
                schema.delete_one(expired).await.map_err(|error| failed(&error))?;
            }
            Err(error) => return Err(failed(&error)),
        }
        tokio::time::sleep(LOCK_RETRY_INTERVAL).await;
    }
    Err(failed(&"another process holds the lock of the migrations"))
}

async fn run(database: &Database, schema: &Collection<Document>) -> Result<(), StartError> {
    let done = number(schema).await.map_err(|error| failed(&error))?;
    for (step, (_, commands)) in MIGRATIONS.iter().enumerate().skip(done) {
        let commands: Vec<Document> = serde_json::from_str(commands).map_err(|error| failed(&error))?;
        for command in commands {
            match database.run_command(command).await {
                // A run before this one has dropped it, and died.
                Err(error) if is_index_not_found(&error) => {}
                outcome => drop(outcome.map_err(|error| failed(&error))?),
            }
        }
        let number = i64::try_from(step + 1).unwrap_or(i64::MAX);
        let update = doc! {"$max": {"number": number}};
        let update = schema.update_one(doc! {"_id": "schema"}, update).upsert(true);
        update.await.map_err(|error| failed(&error))?;
    }
    let run = MIGRATIONS.len().saturating_sub(done);
    if let Some((last, _)) = MIGRATIONS.last().filter(|_| run > 0) {
        let service = Service::Branch.name();
        tracing::info!(target: LOG_TARGET, service, migrations = run, up_to = last, "migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_is_a_list_of_commands_and_they_are_in_order() {
        for (name, commands) in MIGRATIONS {
            let commands: Vec<Document> = serde_json::from_str(commands).unwrap();
            assert!(!commands.is_empty(), "{name}");
        }
        assert!(MIGRATIONS.is_sorted_by_key(|(name, _)| *name));
    }
}
