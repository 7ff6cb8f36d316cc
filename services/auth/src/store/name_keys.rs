//! Keys of names that were registered before there were keys, or by an older rule.

use super::name_holders::KEY_VERSION;
use super::schema::users;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::error::causes;
use shared::ids::UserId;
use shared::tasks::Tasks;
use shared::username::name_key;
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};
use std::time::Duration;

/// Rows of one transaction. Logins of their users wait for it.
const ROWS_PER_BATCH: i64 = 500;
/// The most warnings at a start.
const MAX_WARNINGS: i64 = 100;
/// The interval of renewals. An older version that runs beside this one writes rows without keys.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(60);

/// Computes missing and outdated keys. Several processes may do so at once.
pub async fn renew_name_keys(store: &Store) -> Result<(), StoreError> {
    let mut renewed = 0;
    loop {
        let batch = outdated(store).await?;
        if batch.is_empty() {
            break;
        }
        renewed += batch.len();
        store.write(move |session| renew(session, batch).boxed()).await?;
    }
    if renewed > 0 {
        tracing::info!(renewed, "the keys of names were computed");
    }
    Ok(())
}

/// Warns of users whose names share a key: each of them logs in by the exact name.
pub async fn warn_of_shared_keys(store: &Store) -> Result<(), StoreError> {
    for (name, other) in shared_keys(store).await? {
        tracing::warn!(name, other, "two users have names that look alike; each logs in by the exact name");
    }
    Ok(())
}

/// Renews keys at once and every minute, until the service stops.
pub fn spawn_renewal(store: &Store, tasks: &Tasks) {
    let store = store.clone();
    tasks.every(RENEWAL_INTERVAL, move || {
        let store = store.clone();
        async move {
            if let Err(error) = renew_name_keys(&store).await {
                tracing::warn!(error = causes(&error), "the keys of some names are not computed yet");
            }
        }
    });
}

struct Outdated {
    id: UserId,
    key: String,
    /// Whether the key is the folded name, as for every name in ASCII.
    is_folded_name: bool,
}

async fn outdated(store: &Store) -> Result<Vec<Outdated>, StoreError> {
    let rows = users::table
        .filter(users::key_version.lt(KEY_VERSION))
        .order((users::key_version, users::id))
        .limit(ROWS_PER_BATCH)
        .select((users::id, users::username, users::folded_name));
    let rows = store.read(move |session| async move { on!(session, |c| rows.load(c).await) }.boxed());
    let rows: Vec<(UserId, String, String)> = rows.await?;
    let outdated = rows.into_iter().map(|(id, username, folded)| {
        let key = name_key(&username);
        Outdated { id, is_folded_name: key == folded, key }
    });
    Ok(outdated.collect())
}

async fn renew(session: &mut Session, batch: Vec<Outdated>) -> Result<(), StoreError> {
    let (same, other): (Vec<_>, Vec<_>) = batch.into_iter().partition(|row| row.is_folded_name);
    let same: Vec<UserId> = same.into_iter().map(|row| row.id).collect();
    on!(session, |c| {
        let rows = users::table.filter(any_of(users::id, same));
        let key = users::name_key.eq(users::folded_name.nullable());
        diesel::update(rows).set((key, users::key_version.eq(KEY_VERSION))).execute(c).await?;
        for Outdated { id, key, .. } in &other {
            let key = (users::name_key.eq(key), users::key_version.eq(KEY_VERSION));
            diesel::update(users::table.find(id)).set(key).execute(c).await?;
        }
        Ok(())
    })
}

/// Pairs of names that share a key. At most one of them has it as the folded name as well, so that the index of the others
/// finds all pairs.
async fn shared_keys(store: &Store) -> Result<Vec<(String, String)>, StoreError> {
    let other = diesel::alias!(users as other_users);
    let (other_id, other_name) = (other.field(users::id), other.field(users::username));
    let other_key = other.field(users::name_key);
    let other_is_by_folded_name = other_key.eq(other.field(users::folded_name).nullable());
    let once = users::id.lt(other_id).nullable().or(other_is_by_folded_name);
    let pairs = users::table
        .inner_join(other.on(users::name_key.eq(other_key)))
        .filter(users::name_key.ne(users::folded_name.nullable()))
        .filter(users::id.ne(other_id))
        .filter(once)
        .order((users::username, other_name))
        .limit(MAX_WARNINGS)
        .select((users::username, other_name));
    store.read(move |session| async move { on!(session, |c| pairs.load(c).await) }.boxed()).await
}
