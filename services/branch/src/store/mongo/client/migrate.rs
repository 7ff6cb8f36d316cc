//! Migrations: numbered, embedded, and each can be repeated. Who runs them holds a lock document.
//!
//! A step is a list of database commands, in `migrations/mongo/<name>/up.json`. The collection `schema` holds how many
//! steps were run.

use crate::store::mongo::client::connect::failed;
use crate::store::mongo::client::errors::{Refusal, refusal};
use mongodb::bson::{Document, doc};
use mongodb::{Collection, Database};
use shared::clock::Clock;
use shared::ids::DeliveryId;
use shared::server::StartError;
use std::time::Duration;

/// The steps by name, oldest first. One that was published is never edited.
pub(crate) const STEPS: [(&str, &str); 1] =
    [("2026-11-22-000000_tree", include_str!("../../../../migrations/mongo/2026-11-22-000000_tree/up.json"))];
/// For how long the lock of a process that died holds the others up.
const LEASE: Duration = Duration::from_secs(60);
/// How often the lock is asked for, and the pause between.
const ATTEMPTS: usize = 1_200;
const PAUSE: Duration = Duration::from_millis(100);

/// Runs what has not been run yet.
pub(crate) async fn migrate(database: &Database, clock: &Clock) -> Result<(), StartError> {
    let schema = database.collection::<Document>("schema");
    if number(&schema).await.map_err(|error| failed(&error))? >= STEPS.len() {
        return Ok(());
    }
    let holder = DeliveryId::generate().to_string();
    lock(&schema, &holder, clock).await?;
    let migrated = run(database, &schema).await;
    let unlocked = schema.delete_one(doc! {"_id": "lock", "holder": holder}).await;
    migrated?;
    unlocked.map(drop).map_err(|error| failed(&error))
}

/// How many steps were run on a database.
pub(crate) async fn steps_made(database: &Database) -> mongodb::error::Result<usize> {
    number(&database.collection::<Document>("schema")).await
}

async fn number(schema: &Collection<Document>) -> mongodb::error::Result<usize> {
    let found = schema.find_one(doc! {"_id": "schema"}).await?;
    let number = found.and_then(|found| found.get_i64("number").ok()).unwrap_or_default();
    Ok(usize::try_from(number).unwrap_or_default())
}

async fn lock(schema: &Collection<Document>, holder: &str, clock: &Clock) -> Result<(), StartError> {
    for _ in 0..ATTEMPTS {
        let now = clock.now();
        let lock = doc! {"_id": "lock", "holder": holder, "until": now.plus(LEASE).as_micros()};
        match schema.insert_one(&lock).await {
            Ok(_) => return Ok(()),
            Err(error) if refusal(&error) == Refusal::Duplicate => {
                let expired = doc! {"_id": "lock", "until": {"$lt": now.as_micros()}};
                schema.delete_one(expired).await.map_err(|error| failed(&error))?;
            }
            Err(error) => return Err(failed(&error)),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(failed(&"another process holds the lock of the migrations"))
}

async fn run(database: &Database, schema: &Collection<Document>) -> Result<(), StartError> {
    let done = number(schema).await.map_err(|error| failed(&error))?;
    for (step, (name, commands)) in STEPS.iter().enumerate().skip(done) {
        let commands: Vec<Document> = serde_json::from_str(commands).map_err(|error| failed(&error))?;
        for command in commands {
            database.run_command(command).await.map_err(|error| failed(&error))?;
        }
        let number = i64::try_from(step + 1).unwrap_or(i64::MAX);
        let update = doc! {"$max": {"number": number}};
        let update = schema.update_one(doc! {"_id": "schema"}, update).upsert(true);
        update.await.map_err(|error| failed(&error))?;
        tracing::info!(migration = name, "migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_a_list_of_commands_and_they_are_in_order() {
        for (name, commands) in STEPS {
            let commands: Vec<Document> = serde_json::from_str(commands).unwrap();
            assert!(!commands.is_empty(), "{name}");
        }
        assert!(STEPS.is_sorted_by_key(|(name, _)| *name));
    }
}
