//! The user of a token, so far as this service knows.

use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use shared::identity::Identity;
use shared::ids::UserId;
use shared::problem::Problem;

/// The user who calls. One whose account was deleted has no token that counts: 401, whatever else is wrong.
///
/// With a body, take it as `After<CurrentUser, Body<..>>`, so that it is looked up before the body is.
#[derive(Debug, Clone, Copy)]
pub struct CurrentUser(pub UserId);

impl FromRequest for CurrentUser {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let identity = Identity::from_request(request, payload);
        let state = Data::<State>::extract(request);
        Box::pin(async move {
            let Identity { user_id } = identity.await?;
            let state = state.await.map_err(Problem::internal)?;
            if store::is_account_deleted(&state.store, user_id, state.clock.now()).await? {
                return Err(Error::InvalidToken.into());
            }
            Ok(Self(user_id))
        })
    }
}
