//! `GET` and `DELETE /auth/me`

use super::register::UserView;
use crate::accounts;
use crate::client_address::ClientAddress;
use crate::current_user::CurrentUser;
use crate::domain::Password;
use crate::error::Error;
use crate::hasher::Verdict;
use crate::state::State;
use crate::store::User;
use crate::throttle::Account;
use actix_web::web::{Data, Json};
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use shared_web::input::{Body, InSequence, Input};
use shared_web::openapi::{ErrorResponses, Msg};
use shared_web::telemetry::Trace;
use std::time::Duration;

shared_web::error_responses! {
    ReadErrors: ErrorResponses::of_users()
}

/// Show the user that the token is for
///
/// A token whose user is gone does not count.
#[utoipa::path(
    get, path = "/api/v1/auth/me", tag = "auth",
    responses((status = 200, description = "The user", body = UserView), ReadErrors)
)]
pub async fn get_me(CurrentUser(user): CurrentUser) -> Json<UserView> {
    Json(user.into())
}

shared_web::request! {
    /// The password that confirms a deletion.
    pub struct Confirmation in body {
        /// The user's password
        required password: Password,
    }
}

shared_web::error_responses! {
    DeleteErrors: ErrorResponses::of_users().with_body(MAX_AUTH_BODY_BYTES);
    Error::WrongPassword, Error::TooManyFailures(Duration::from_secs(60))
}

/// Delete the account, its chats and their contents
///
/// A wrong password counts as a failed login. Nothing brings an account back.
#[utoipa::path(
    delete, path = "/api/v1/auth/me", tag = "auth", request_body = Confirmation,
    responses(
        (status = 200, description = "The account is gone; its chats follow within 30 seconds", body = Msg),
        DeleteErrors
    )
)]
pub async fn delete_me(
    state: Data<State>,
    trace: Trace,
    address: ClientAddress,
    InSequence(CurrentUser(user), Input { body, .. }): InSequence<CurrentUser, Body<Confirmation>>,
) -> Result<Json<Msg>, Error> {
    confirm(&state, &user, body.password, address).await?;
    let deliveries = accounts::delete(&state.store, &state.clock, user.id, state.has_answers, &trace).await?;
    state.relay.deliver_now(deliveries, &trace.context).await;
    Ok(Json(Msg { msg: "Account deleted" }))
}

/// Checks the password of a user who confirms an operation. A wrong one counts as a failed login from this address, lest the
/// holder of a token try passwords out here.
pub async fn confirm(
    state: &State,
    user: &User,
    password: Password,
    address: ClientAddress,
) -> Result<(), Error> {
    let attempt = state.throttle.begin(&state.store, Account::User(user.id), address).await?;
    match state.hasher.verify(password, Some(user.password_hash.clone())).await? {
        Verdict::Right { .. } => {
            attempt.succeeded();
            Ok(())
        }
        Verdict::Wrong => {
            attempt.failed();
            Err(Error::WrongPassword)
        }
    }
}
