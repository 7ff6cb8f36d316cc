//! Users by name.
//!
//! Names are matched by their key. Rows that are older than keys may share one: these are matched by the folded name, and each
//! is found by its exact name. No new user gets a shared key.

use super::name_holders::holders;
use super::schema::users;
use super::users::User;
use crate::domain::{Username, folded_name};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::username::{composed_name, name_key};
use shared_store::on;
use shared_store::{RunQueryDsl, Store, StoreError};

/// The user of this name: by the exact name, else by the composed name, else by its key if nobody shares that, else by its
/// folded name.
pub async fn find_user_by_name(store: &Store, name: &str) -> Result<Option<User>, StoreError> {
    let (key, folded, composed) = (name_key(name), folded_name(name), composed_name(name));
    let candidates = users::table
        .filter(users::name_key.eq(key.clone()).or(users::folded_name.eq(folded.clone())))
        .order((
            users::username.eq(name.to_owned()).desc(),
            users::username.eq(composed.clone().into_owned()).desc(),
            users::folded_name.eq(folded.clone()).desc(),
        ))
        // These three, and a fourth that shows whether the key is shared.
        .limit(4);
    let found = store.read(move |session| {
        async move { on!(session, |c| candidates.select(User::as_select()).load(c).await) }.boxed()
    });
    let candidates: Vec<User> = found.await?;
    let has_key = |user: &User| user.name_key.as_ref() == Some(&key);
    let key_is_shared = candidates.iter().filter(|user| has_key(user)).count() > 1;
    let is_by_key = |user: &User| has_key(user) && !key_is_shared;
    let has_kept_folded_name = |user: &User| {
        user.folded_name == folded && (key_is_shared || user.name_key.as_ref() != Some(&user.folded_name))
    };
    let find = |is_named: &dyn Fn(&User) -> bool| candidates.iter().find(|&user| is_named(user)).cloned();
    Ok(find(&|user| user.username == name)
        .or_else(|| find(&|user| user.username == *composed))
        .or_else(|| find(&is_by_key))
        .or_else(|| find(&has_kept_folded_name)))
}

/// Whether a user has the name, or one with the same key.
pub async fn is_name_taken(store: &Store, name: &Username) -> Result<bool, StoreError> {
    let (key, folded) = (name.key(), folded_name(name.as_str()));
    let counted = store.read(move |session| {
        async move { on!(session, |c| holders(&key, &folded).count().get_result(c).await) }.boxed()
    });
    counted.await.map(|holders: i64| holders > 0)
}
