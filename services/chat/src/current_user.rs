//! The user of a token, unless the account is known to be deleted.

use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use shared::ids::UserId;
use shared_web::caller::Identity;
use shared_web::problem::Problem;

/// The calling user. A token of a deleted account is answered 401, before any other error.
///
/// With a body, extract it as `InSequence<CurrentUser, Body<..>>`, so that the account is looked up before the body is read.
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
            let is_deleted = store::is_account_deleted(&state.store, user_id, state.clock.now()).await;
            if is_deleted.map_err(Error::from)? {
                return Err(Error::InvalidToken.into());
            }
            Ok(Self(user_id))
        })
    }
}
