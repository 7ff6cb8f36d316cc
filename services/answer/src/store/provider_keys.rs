//! Users' own keys for providers, encrypted.

use super::accounts::is_deleted;
use super::provider_key::ProviderKey;
use super::schema::provider_keys;
use crate::error::Error;
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::ids::UserId;
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};

/// Rows of one step of the re-encryption.
const KEYS_PER_STEP: i64 = 100;

/// Stores a key in place of the one before it. 401 if the account is deleted.
pub async fn set_provider_key(store: &Store, key: ProviderKey) -> Result<(), Error> {
    store.write(move |session| set(session, key).boxed()).await
}

async fn set(session: &mut Session, key: ProviderKey) -> Result<(), Error> {
    // One that is deleted at this moment is not seen: the sweep deletes its key.
    if is_deleted(session, key.owner).await? {
        return Err(Error::InvalidToken);
    }
    on!(session, |c| {
        let insert = diesel::insert_into(provider_keys::table).values(&key);
        let upsert =
            insert.on_conflict((provider_keys::owner, provider_keys::provider)).do_update().set(&key);
        upsert.execute(c).await
    })?;
    Ok(())
}

/// Deletes a key, and returns whether it was there.
pub async fn delete_provider_key(store: &Store, owner: UserId, provider: String) -> Result<bool, StoreError> {
    let deleted = store.write_statement(move |session| {
        async move {
            let key = provider_keys::table.find((owner, provider));
            on!(session, |c| diesel::delete(key).execute(c).await)
        }
        .boxed()
    });
    Ok(deleted.await? > 0)
}

/// A user's key for a provider.
pub async fn find_provider_key(
    store: &Store,
    owner: UserId,
    provider: String,
) -> Result<Option<ProviderKey>, StoreError> {
    let found = store.read(move |session| {
        async move {
            let key = provider_keys::table.find((owner, provider));
            on!(session, |c| key.select(ProviderKey::as_select()).first(c).await.optional())
        }
        .boxed()
    });
    found.await
}

/// The providers for which a user has keys, with their hints.
pub async fn provider_key_hints(
    store: &Store,
    owner: UserId,
) -> Result<Vec<(String, Option<String>)>, StoreError> {
    let hints = store.read(move |session| {
        async move {
            let own = provider_keys::table.filter(provider_keys::owner.eq(owner));
            let own = own.order(provider_keys::provider);
            on!(session, |c| own.select((provider_keys::provider, provider_keys::hint)).load(c).await)
        }
        .boxed()
    });
    hints.await
}

/// Some keys that are encrypted under this encryption key, and whether there may be more.
pub async fn provider_keys_under(
    store: &Store,
    encryption_key_id: String,
) -> Result<(Vec<ProviderKey>, bool), StoreError> {
    let keys = store.read(move |session| {
        async move {
            let under = provider_keys::table.filter(provider_keys::encryption_key_id.eq(encryption_key_id));
            let under = under.limit(KEYS_PER_STEP);
            on!(session, |c| under.select(ProviderKey::as_select()).load(c).await)
        }
        .boxed()
    });
    let keys: Vec<ProviderKey> = keys.await?;
    let may_be_more = i64::try_from(keys.len()).is_ok_and(|count| count >= KEYS_PER_STEP);
    Ok((keys, may_be_more))
}

/// Replaces a row, unless it was changed since it was read. Returns whether it was.
pub async fn replace_provider_key(
    store: &Store,
    old: ProviderKey,
    new: ProviderKey,
) -> Result<bool, StoreError> {
    let replaced = store.write_statement(move |session| {
        async move {
            let row = provider_keys::table.find((old.owner, old.provider));
            let row = row.filter(provider_keys::ciphertext.eq(old.ciphertext));
            on!(session, |c| diesel::update(row).set(&new).execute(c).await)
        }
        .boxed()
    });
    Ok(replaced.await? > 0)
}
