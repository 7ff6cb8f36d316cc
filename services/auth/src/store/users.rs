//! Users.

use super::name_holders::{KEY_VERSION, holders};
use super::schema::{refresh_families, users};
use crate::domain::{Username, folded_name};
use crate::error::Error;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::UserId;
use shared_outbox::{Delivery, outbox};
use shared_store::on;
use shared_store::{RunQueryDsl, Session, Store, StoreError};

/// A row of `users`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The name as the user wrote it.
    pub username: String,
    /// The key of the name at registration; unique.
    pub(super) folded_name: String,
    /// The key of the name by the present rule.
    pub(super) name_key: Option<String>,
    key_version: i16,
    /// bcrypt's hash.
    pub password_hash: String,
    /// When it registered.
    pub created_at: Timestamp,
}

impl User {
    /// A user registered now.
    pub fn new(username: &Username, password_hash: String, now: Timestamp) -> Self {
        let key = username.key();
        Self {
            id: UserId::generate(),
            username: username.to_string(),
            folded_name: key.clone(),
            name_key: Some(key),
            key_version: KEY_VERSION,
            password_hash,
            created_at: now,
        }
    }
}

/// Inserts a user. False if the name is taken. Between concurrent registrations the unique index on folded names decides; an
/// older row may hold the key beside another folded name.
pub async fn create_user(store: &Store, user: &User) -> Result<bool, StoreError> {
    let user = user.clone();
    match store.write(move |session| insert_user(session, user).boxed()).await {
        Err(error) if error.is_unique_violation() => Ok(false),
        inserted => inserted,
    }
}

async fn insert_user(session: &mut Session, user: User) -> Result<bool, StoreError> {
    let folded = folded_name(&user.username);
    on!(session, |c| {
        let taken: i64 = holders(&user.folded_name, &folded).count().get_result(c).await?;
        if taken > 0 {
            return Ok(false);
        }
        diesel::insert_into(users::table).values(user).execute(c).await.map(|rows| rows == 1)
    })
}

/// The user of this id.
pub async fn find_user(store: &Store, id: UserId) -> Result<Option<User>, StoreError> {
    let found = store.read(move |session| {
        let user = users::table.find(id);
        async move { on!(session, |c| user.select(User::as_select()).first(c).await.optional()) }.boxed()
    });
    found.await
}

/// At most `limit` users after the id `after`, oldest first.
pub async fn list_users(store: &Store, after: UserId, limit: i64) -> Result<Vec<User>, StoreError> {
    let listed = store.read(move |session| {
        let page = users::table.filter(users::id.gt(after)).order(users::id).limit(limit);
        async move { on!(session, |c| page.select(User::as_select()).load(c).await) }.boxed()
    });
    listed.await
}

/// Replaces the hash if `old_hash` is still the user's, and revokes all its refresh tokens.
///
/// False if it is not: the user is deleted, or the password was changed meanwhile.
pub async fn change_password(
    store: &Store,
    id: UserId,
    old_hash: &str,
    new_hash: &str,
) -> Result<bool, StoreError> {
    let (old_hash, new_hash) = (old_hash.to_owned(), new_hash.to_owned());
    store.write(move |session| change_password_in(session, id, old_hash, new_hash).boxed()).await
}

async fn change_password_in(
    session: &mut Session,
    id: UserId,
    old_hash: String,
    new_hash: String,
) -> Result<bool, StoreError> {
    on!(session, |c| {
        let user = users::table.filter(users::id.eq(id)).filter(users::password_hash.eq(old_hash));
        let changed = diesel::update(user).set(users::password_hash.eq(new_hash)).execute(c).await?;
        if changed == 1 {
            let families = refresh_families::table.filter(refresh_families::user_id.eq(id));
            diesel::delete(families).execute(c).await?;
        }
        Ok(changed == 1)
    })
}

/// Deletes a user and its tokens, and puts `deliveries` into the outbox.
pub async fn delete_user(store: &Store, id: UserId, deliveries: &[Delivery]) -> Result<(), Error> {
    let deliveries = deliveries.to_vec();
    let deleted = store.write(move |session| {
        let delete = async move {
            // Its families and their tokens go along (ON DELETE CASCADE).
            if on!(session, |c| diesel::delete(users::table.find(id)).execute(c).await)? == 0 {
                return Err(Error::InvalidToken);
            }
            for delivery in deliveries {
                on!(session, |c| diesel::insert_into(outbox::table).values(delivery).execute(c).await)?;
            }
            Ok(())
        };
        delete.boxed()
    });
    deleted.await
}
