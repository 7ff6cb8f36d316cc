//! The answer service as the caller of a route.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use shared::service::Service;
use shared_web::caller::Caller;
use shared_web::problem::Problem;
use shared_web::tokens::TokenError;
use std::future::{Ready, ready};

/// The answer service: a handler that takes it is open to no other.
#[derive(Debug, Clone, Copy)]
pub struct AnswerService;

impl FromRequest for AnswerService {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload).into_inner();
        ready(caller.and_then(|caller| {
            let is_answer = caller.service == Service::Answer.name();
            if is_answer { Ok(Self) } else { Err(TokenError::WrongClaims.into()) }
        }))
    }
}
