//! `GET /internal/users/{user_id}`: the name of a user, or whether a name is that user's.

use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::ids::UserId;
use shared_web::caller::Caller;
use shared_web::input::Input;

shared_web::request! {
    /// Which user.
    pub struct UserPath in path {
        /// The user
        required user_id: UserId,
    }
}

shared_web::request! {
    /// A name by which the user must be found.
    pub struct NameQuery in query {
        /// The name, in any form that counts at a login
        optional name: String,
    }
}

/// What other services may know of a user.
#[derive(Debug, Serialize)]
pub struct UserName {
    user_id: UserId,
    username: String,
}

/// Returns the name of a user. With a `name`, 404 unless a login by that name would find this user: of a name that several
/// old users share, only the exact spelling does.
#[utoipa::path(get, path = "/internal/users/{user_id}", params(UserPath, NameQuery))]
pub async fn get_user(
    _: Caller,
    state: Data<State>,
    Input { path, query, .. }: Input<UserPath, NameQuery, ()>,
) -> Result<Json<UserName>, Error> {
    let user = match &query.name {
        Some(name) => store::find_user_by_name(&state.store, name).await?,
        None => store::find_user(&state.store, path.user_id).await?,
    };
    let user = user.filter(|user| user.id == path.user_id).ok_or(Error::UserNotFound)?;
    Ok(Json(UserName { user_id: user.id, username: user.username }))
}
