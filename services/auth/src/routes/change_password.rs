//! `PUT /auth/change-password`

use super::me::confirm;
use crate::client_address::ClientAddress;
use crate::current_user::CurrentUser;
use crate::domain::{NewPassword, Password};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, User};
use actix_web::web::{Data, Json};
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use shared_web::input::{Body, InSequence, Input};
use shared_web::openapi::{ErrorResponses, Msg};
use std::time::Duration;

shared_web::request! {
    /// The old password and the new.
    pub struct PasswordChange in body {
        /// The password until now
        required current_password: Password,
        /// The password from now on
        #[schema(component)]
        configured new_password: NewPassword,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_AUTH_BODY_BYTES);
    Error::WrongPassword, Error::TooManyFailures(Duration::from_secs(60))
}

/// Change the password, and revoke every refresh token of the user
///
/// A wrong current password counts as a failed login.
#[utoipa::path(
    put, path = "/api/v1/auth/change-password", tag = "auth", request_body = PasswordChange,
    responses(
        (status = 200, description = "The password is changed", body = Msg),
        Errors
    )
)]
pub async fn change_password(
    state: Data<State>,
    address: ClientAddress,
    InSequence(CurrentUser(user), Input { body, .. }): InSequence<CurrentUser, Body<PasswordChange>>,
) -> Result<Json<Msg>, Error> {
    if !try_change(&state, &user, &body, address).await? {
        // Meanwhile a login has renewed the hash, or the password was changed, which makes this one wrong.
        let user = store::find_user(&state.store, user.id).await?.ok_or(Error::InvalidToken)?;
        if !try_change(&state, &user, &body, address).await? {
            return Err(Error::WrongPassword);
        }
    }
    Ok(Json(Msg { msg: "Password changed" }))
}

/// Returns false if the checked hash is not the user's any more.
async fn try_change(
    state: &State,
    user: &User,
    PasswordChange { current_password, new_password }: &PasswordChange,
    address: ClientAddress,
) -> Result<bool, Error> {
    confirm(state, user, current_password.clone(), address).await?;
    let hash = state.hasher.hash(new_password.clone().into_password()).await?;
    Ok(store::change_password(&state.store, user.id, &user.password_hash, &hash).await?)
}
