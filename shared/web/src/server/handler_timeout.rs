//! The time-out of a handler. Reading the request is not part of it, as a client may be slow.

use crate::context::Context;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, Handler, HttpRequest, Responder};
use futures_util::future::LocalBoxFuture;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

/// A handler that is dropped at the time-out; the response is a 503 then.
#[derive(Clone)]
pub(super) struct HandlerTimeout<H>(pub(super) H);

/// The time-out, as an extractor.
pub(super) struct Timeout(Option<Duration>);

impl FromRequest for Timeout {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.app_data::<Data<Context>>();
        ready(Ok(Self(context.map(|context| context.times.service))))
    }
}

impl<H, Args> Handler<(Timeout, Args)> for HandlerTimeout<H>
where
    H: Handler<Args, Output: Responder + 'static>,
    Args: FromRequest + 'static,
{
    type Output = Result<H::Output, Problem>;
    type Future = LocalBoxFuture<'static, Self::Output>;

    fn call(&self, (limit, args): (Timeout, Args)) -> Self::Future {
        let handler = self.0.clone();
        Box::pin(async move {
            match limit.0 {
                Some(limit) => {
                    tokio::time::timeout(limit, handler.call(args)).await.map_err(|_| took_too_long())
                }
                None => Ok(handler.call(args).await),
            }
        })
    }
}

fn took_too_long() -> Problem {
    Problem::unavailable("it took longer than SERVICE_TIMEOUT")
}
