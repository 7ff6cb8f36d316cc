//! The user of a token, read from the database.

use crate::error::Error;
use crate::state::State;
use crate::store::{self, User};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use shared_web::caller::Identity;
use shared_web::problem::Problem;

/// The calling user. A token of a deleted account is answered 401, before any other error.
///
/// With a body, extract it as `InSequence<CurrentUser, Body<..>>`, so that the user is looked up before the body is read.
#[derive(Debug)]
pub struct CurrentUser(pub User);

impl FromRequest for CurrentUser {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let identity = Identity::from_request(request, payload);
        let state = Data::<State>::extract(request);
        Box::pin(async move {
            let identity = identity.await?;
            let state = state.await.map_err(Problem::internal)?;
            let user = store::find_user(&state.store, identity.user_id).await.map_err(Error::from)?;
            Ok(Self(user.ok_or(Error::InvalidToken)?))
        })
    }
}
