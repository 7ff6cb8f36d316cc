//! The input of a request: path, query and body. Errors come in the order of the API: too large (413), wrong media type (415), not
//! valid (422), and for the last the path first, then the query, then the body.
//!
//! [`Input`] is one extractor for all three, because separate extractors would fail in an order of their own. [`FromFields`] reads
//! it field by field, so that all wrong fields of a part are reported at once; [`request!`](crate::request) implements it.

mod body;
mod errors;
mod fields;
mod json;
mod json_error;
mod oauth_form;
mod positive_integer;
mod property;
mod receive;
mod request;

pub use body::{FormOrJson, FromBody, unsupported_media_type};
pub use errors::{body_encoded, body_too_slow, invalid, payload_too_large};

pub use fields::{Fields, FromFields, Invalid, Settings};
pub use oauth_form::OAuthForm;
pub use positive_integer::PositiveInteger;
pub use property::{Property, body_schema, with_example};

use crate::body_limits::BodyLimits;
use crate::context::Context;
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, HeaderMap};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;

/// Path, query and body of a request. `()` is a part that is not read.
#[derive(Debug)]
pub struct Input<P, Q, B> {
    /// The parameters of the path.
    pub path: P,
    /// The parameters of the query.
    pub query: Q,
    /// The body.
    pub body: B,
}

/// Only a body.
pub type Body<B> = Input<(), (), B>;
/// Only a path.
pub type Path<P> = Input<P, (), ()>;
/// Only a query.
pub type Query<Q> = Input<(), Q, ()>;

impl<P, Q, B> FromRequest for Input<P, Q, B>
where
    P: FromFields + 'static,
    Q: FromFields + 'static,
    B: FromBody,
{
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let context = request.app_data::<Data<Context>>();
            let limits = context.map_or_else(BodyLimits::default, |context| context.bodies.clone());
            let received = receive::receive(&request, payload, B::IS_READ, &limits).await?;
            if B::IS_READ && is_encoded(request.headers()) {
                return Err(body_encoded());
            }
            let head = B::read_head(&request)?;
            let settings = Settings::for_request(&request);
            let path = fields::of_path(&request, &settings)?;
            let query = fields::of_query(&request, &settings)?;
            let blocks = received.blocks;
            let parse = move || B::from_body(head, &settings, &blocks.join());
            let body = limits.run(received.memory.bytes(), parse).await??;
            // The memory is reserved until the response.
            if received.memory.bytes() > 0 {
                request.extensions_mut().insert(received.memory);
            }
            Ok(Self { path, query, body })
        })
    }
}

/// Two extractors in sequence: of concurrent ones, the error of the faster one would be the response.
#[derive(Debug)]
pub struct InSequence<A, B>(pub A, pub B);

impl<A, B> FromRequest for InSequence<A, B>
where
    A: FromRequest<Error = Problem> + 'static,
    B: FromRequest<Error = Problem> + 'static,
{
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let first = A::from_request(&request, &mut Payload::None).await?;
            let second = B::from_request(&request, &mut payload).await?;
            Ok(Self(first, second))
        })
    }
}

/// Whether a body has a content coding other than `identity` (RFC 9110, 8.4).
pub fn is_encoded(headers: &HeaderMap) -> bool {
    let codings =
        headers.get_all(CONTENT_ENCODING).flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    codings
        .map(<[u8]>::trim_ascii)
        .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}
