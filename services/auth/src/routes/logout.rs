//! `POST /auth/logout`

use super::refresh::PresentedToken;
use crate::current_user::CurrentUser;
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use shared_web::input::{Body, InSequence, Input};
use shared_web::openapi::{ErrorResponses, Msg};

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_AUTH_BODY_BYTES)
}

/// Revoke a refresh token and all of its family
///
/// Access tokens that were answered before live on until they expire.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "auth", request_body = PresentedToken,
    responses(
        (status = 200, description = "Done; an unknown or another user's token is left alone", body = Msg),
        Errors
    )
)]
pub async fn logout(
    state: Data<State>,
    InSequence(CurrentUser(user), Input { body, .. }): InSequence<CurrentUser, Body<PresentedToken>>,
) -> Result<Json<Msg>, Error> {
    let token = body.refresh_token.hash();
    state.pending_logins.forget(user.id, &token).await;
    let _turn = state.lock_family(&token).await?;
    store::revoke_family(&state.store, user.id, &token).await?;
    Ok(Json(Msg { msg: "Logged out" }))
}
