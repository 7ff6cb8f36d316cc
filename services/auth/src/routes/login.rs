//! `POST /auth/login`

use crate::client_address::ClientAddress;
use crate::domain::Password;
use crate::error::Error;
use crate::sessions::{TokenPair, open_session};
use crate::state::State;
use actix_web::web::{Data, Json};
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use shared_web::input::{Body, FormOrJson, Input};
use shared_web::openapi::ErrorResponses;
use std::time::Duration;

shared_web::request! {
    /// Who wants to log in. Other fields of OAuth 2's password grant are ignored.
    pub struct Credentials in body {
        /// As it was registered, or in another case
        #[schema(example = "ann@example.org")]
        pub required username: String,
        /// At most 72 bytes
        #[schema(example = "correct horse")]
        pub required password: Password,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_all().with_body(MAX_AUTH_BODY_BYTES);
    Error::InvalidCredentials, Error::TooManyFailures(Duration::from_secs(60))
}

/// Log in with name and password
///
/// Send `access_token` as `Authorization: Bearer` with every other request; it lives for `expires_in` seconds.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "auth", security(()), request_body = Credentials,
    responses(
        (status = 200, description = "Tokens", body = TokenPair),
        Errors
    )
)]
pub async fn login(
    state: Data<State>,
    address: ClientAddress,
    Input { body: FormOrJson(Credentials { username, password }), .. }: Body<FormOrJson<Credentials>>,
) -> Result<Json<TokenPair>, Error> {
    Ok(Json(open_session(&state, &username, &password, address).await?))
}
