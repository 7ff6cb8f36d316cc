//! `POST /auth/register`

use crate::accounts;
use crate::domain::{NewPassword, RegistrationPolicy, Username};
use crate::error::Error;
use crate::state::State;
use crate::store::User;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use shared::clock::Timestamp;
use shared::ids::UserId;
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use shared_web::input::{Body, Input};
use shared_web::openapi::ErrorResponses;
use utoipa::ToSchema;

shared_web::request! {
    /// Who wants to register.
    pub struct Registration in body {
        /// 3 to 64 letters, digits and `.`, `_`, `-`, `+`, `@`; matched without regard to case, width and composition
        #[schema(example = "ann@example.org")]
        required username: Username,
        #[schema(component)]
        configured password: NewPassword,
    }
}

/// A user, without anything secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    user_id: UserId,
    /// As the user wrote it
    #[schema(example = "ann@example.org")]
    username: String,
    created_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self { user_id: user.id, username: user.username, created_at: user.created_at }
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_all().with_body(MAX_AUTH_BODY_BYTES);
    Error::RegistrationClosed, Error::UsernameTaken
}

/// Register a user
///
/// The name is taken from then on; the answer holds no token: log in next.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "auth", request_body = Registration, security(()),
    responses(
        (status = 201, description = "The user", body = UserView),
        Errors
    )
)]
pub async fn register(
    state: Data<State>,
    Input { body, .. }: Body<Registration>,
) -> Result<HttpResponse, Error> {
    if state.registration == RegistrationPolicy::Closed {
        return Err(Error::RegistrationClosed);
    }
    let Registration { username, password } = body;
    let password = password.into_password();
    let user = accounts::create(&state.store, &state.hasher, &state.clock, (username, password)).await?;
    Ok(HttpResponse::Created().json(UserView::from(user)))
}
