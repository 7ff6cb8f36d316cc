//! The user of a token, as the database has it now.

use crate::error::Error;
use crate::state::State;
use crate::store::{self, User};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use shared::identity::Identity;
use shared::problem::Problem;

/// The user who calls. One whose account was deleted has no token that counts: 401, whatever else is wrong.
///
/// With a body, take it as `After<CurrentUser, Body<..>>`, so that it is looked up before the body is.
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
            let user = store::find_user(&state.store, identity.user_id).await?;
            Ok(Self(user.ok_or(Error::InvalidToken)?))
        })
    }
}
