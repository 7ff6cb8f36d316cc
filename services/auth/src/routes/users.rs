//! `GET /internal/users/{user_id}`, for services that know a user by id and want the name.

use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared::identity::Caller;
use shared::ids::UserId;
use shared::input::{Fields, FromFields, Input, Invalid, Path};
use shared::problem::Problem;

/// Which user.
#[derive(Debug)]
pub struct UserPath {
    user_id: UserId,
}

impl FromFields for UserPath {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { user_id: fields.required("user_id")? })
    }
}

/// What other services may know of a user.
#[derive(Debug, Serialize)]
pub struct UserName {
    user_id: UserId,
    username: String,
}

/// Tells the name of a user.
pub async fn get_user(
    _: Caller,
    state: Data<State>,
    Input { path, .. }: Path<UserPath>,
) -> Result<Json<UserName>, Problem> {
    let user = store::find_user(&state.store, path.user_id).await.map_err(Error::from)?;
    let user = user.ok_or(Error::UserNotFound)?;
    Ok(Json(UserName { user_id: user.id, username: user.username }))
}
