//! Refresh tokens and their families. Whoever changes a family begins with an UPDATE of its row, which is the lock.

use super::known_addresses::KNOWN_ADDRESS_RETENTION;
use super::schema::{known_addresses, refresh_families, refresh_tokens, users};
use super::users::User;
use crate::config::TokenLife;
use crate::domain::{Reuse, TokenHash};
use diesel::dsl::auto_type;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::{Clock, Timestamp};
use shared::error::causes;
use shared::ids::{FamilyId, UserId};
use shared::tasks::Tasks;
use shared_store::on;
use shared_store::{RunQueryDsl, Session, Store, StoreError};
use shared_web::client_network::ClientNetwork;
use std::time::Duration;

/// How often expired tokens are deleted.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(3600);

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_tokens, treat_none_as_default_value = false)]
struct Token {
    hash: TokenHash,
    family_id: FamilyId,
    parent: Option<TokenHash>,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
}

/// The outcome of presenting a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// Used up; its successor is this user's.
    Rotated(UserId),
    /// Unknown or expired.
    Unknown,
    /// Used before: its family is revoked.
    Revoked,
}

/// A login with the right password.
#[derive(Debug, Clone)]
pub struct Login<'a> {
    /// The user, with the hash that the password was checked against.
    pub user: &'a User,
    /// The hash that replaces an outdated one.
    pub renewed_hash: Option<String>,
    /// The client's address.
    pub address: ClientNetwork,
    /// The first token of the new family.
    pub token: TokenHash,
    /// When that expires.
    pub expires_at: Timestamp,
    /// The time of the login.
    pub now: Timestamp,
}

/// Opens a family at a login, if the checked hash is still the user's. False if it is not: the password was changed, or
/// another login has renewed the hash.
pub async fn open_family(store: &Store, login: &Login<'_>) -> Result<bool, StoreError> {
    let User { id: user, password_hash, .. } = login.user.clone();
    let new_hash = login.renewed_hash.clone().unwrap_or_else(|| password_hash.clone());
    let new = NewFamily {
        user,
        password_hash,
        new_hash,
        token: login.token.clone(),
        address: login.address.to_string(),
        expires_at: login.expires_at,
        now: login.now,
    };
    store.write(move |session| insert_family(session, new).boxed()).await
}

/// A family to be opened.
struct NewFamily {
    user: UserId,
    password_hash: String,
    new_hash: String,
    token: TokenHash,
    address: String,
    expires_at: Timestamp,
    now: Timestamp,
}

async fn insert_family(session: &mut Session, new: NewFamily) -> Result<bool, StoreError> {
    let NewFamily { user, password_hash, new_hash, token, address, expires_at, now } = new;
    let family_id = FamilyId::generate();
    on!(session, |c| {
        let user_row = users::table.filter(users::id.eq(user)).filter(users::password_hash.eq(password_hash));
        // Locks the row against a change of the password until the commit, also if it changes nothing.
        let found = diesel::update(user_row).set(users::password_hash.eq(new_hash)).execute(c).await?;
        if found == 0 {
            return Ok(false);
        }
        let family = (
            refresh_families::id.eq(family_id),
            refresh_families::user_id.eq(user),
            refresh_families::expires_at.eq(expires_at),
        );
        diesel::insert_into(refresh_families::table).values(family).execute(c).await?;
        let token = Token { hash: token, family_id, parent: None, expires_at, used_at: None };
        diesel::insert_into(refresh_tokens::table).values(token).execute(c).await?;
        let known = known_addresses::table.find((user, &address));
        if diesel::update(known).set(known_addresses::seen_at.eq(now)).execute(c).await? == 0 {
            let known = (
                known_addresses::user_id.eq(user),
                known_addresses::address.eq(&address),
                known_addresses::seen_at.eq(now),
            );
            diesel::insert_into(known_addresses::table).values(known).execute(c).await?;
        }
        Ok(true)
    })
}

/// Uses up `presented` and puts `successor` in its place.
///
/// The time is read under the lock of the family, so that it is never before the use that is judged.
pub async fn rotate(
    store: &Store,
    presented: &TokenHash,
    successor: &TokenHash,
    life: TokenLife,
    clock: &Clock,
) -> Result<Rotation, StoreError> {
    let (presented, successor, clock) = (presented.clone(), successor.clone(), clock.clone());
    store.write(move |session| rotate_in(session, presented, successor, life, clock).boxed()).await
}

async fn rotate_in(
    session: &mut Session,
    presented: TokenHash,
    successor: TokenHash,
    life: TokenLife,
    clock: Clock,
) -> Result<Rotation, StoreError> {
    let presented = &presented;
    on!(session, |c| {
        let row = refresh_tokens::table.find(presented);
        let family: Option<FamilyId> = row.select(refresh_tokens::family_id).first(c).await.optional()?;
        let Some(family_id) = family else { return Ok(Rotation::Unknown) };
        let family = refresh_families::table.find(family_id);
        let lock = diesel::update(family).set(refresh_families::expires_at.eq(refresh_families::expires_at));
        let user = lock.returning(refresh_families::user_id).get_result(c).await.optional()?;
        // Read again under the lock.
        let token: Option<Token> = row.select(Token::as_select()).first(c).await.optional()?;
        let (Some(user), Some(token)) = (user, token) else { return Ok(Rotation::Unknown) };
        let now = clock.now();
        if token.expires_at <= now {
            return Ok(Rotation::Unknown);
        }
        if let Some(used_at) = token.used_at {
            let used: i64 = used_children(presented).count().get_result(c).await?;
            if Reuse::classify(used_at, now, life.reuse_grace, used > 0) == Reuse::Theft {
                diesel::delete(family).execute(c).await?;
                return Ok(Rotation::Revoked);
            }
        } else {
            diesel::update(row).set(refresh_tokens::used_at.eq(now)).execute(c).await?;
        }
        let expires_at = now.plus(life.refresh);
        diesel::update(family).set(refresh_families::expires_at.eq(expires_at)).execute(c).await?;
        let parent = Some(presented.clone());
        let child = Token { hash: successor, family_id, parent, expires_at, used_at: None };
        diesel::insert_into(refresh_tokens::table).values(child).execute(c).await?;
        Ok(Rotation::Rotated(user))
    })
}

/// The successors of a token that were used.
#[auto_type(no_type_alias)]
fn used_children(token: &TokenHash) -> _ {
    refresh_tokens::table
        .filter(refresh_tokens::parent.eq(token))
        .filter(refresh_tokens::used_at.is_not_null())
}

/// The family of a token, if it is known.
pub async fn find_family(store: &Store, token: &TokenHash) -> Result<Option<FamilyId>, StoreError> {
    let family = refresh_tokens::table.find(token.clone()).select(refresh_tokens::family_id);
    store.read(move |session| async move { on!(session, |c| family.first(c).await.optional()) }.boxed()).await
}

/// Revokes the family of a token, if it is this user's.
pub async fn revoke_family(store: &Store, user: UserId, token: &TokenHash) -> Result<(), StoreError> {
    // Read by itself: a family that is not there needs no lock, which another process may hold.
    let Some(family) = find_family(store, token).await? else { return Ok(()) };
    let owned = refresh_families::table.find(family).filter(refresh_families::user_id.eq(user));
    let revoked = store.write_statement(move |session| {
        async move { on!(session, |c| diesel::delete(owned).execute(c).await).map(drop) }.boxed()
    });
    revoked.await
}

/// Deletes expired tokens, at start and every hour.
pub fn spawn_expiry(store: &Store, clock: &Clock, tasks: &Tasks) {
    let (store, clock) = (store.clone(), clock.clone());
    tasks.every(EXPIRY_INTERVAL, move || {
        let (store, now) = (store.clone(), clock.now());
        async move {
            if let Err(error) = delete_expired(&store, now).await {
                tracing::warn!(error = causes(&error), "expired tokens are still there");
            }
        }
    });
}

async fn delete_expired(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    store.write_exclusively(move |session| delete_expired_in(session, now).boxed()).await.map(drop)
}

async fn delete_expired_in(session: &mut Session, now: Timestamp) -> Result<(), StoreError> {
    on!(session, |c| {
        let families = refresh_families::table.filter(refresh_families::expires_at.le(now));
        diesel::delete(families).execute(c).await?;
        let tokens = refresh_tokens::table.filter(refresh_tokens::expires_at.le(now));
        diesel::delete(tokens).execute(c).await?;
        let known =
            known_addresses::table.filter(known_addresses::seen_at.le(now.minus(KNOWN_ADDRESS_RETENTION)));
        diesel::delete(known).execute(c).await?;
        Ok(())
    })
}
