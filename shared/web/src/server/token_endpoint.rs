//! Responses of an OAuth 2 token endpoint (RFC 6749, 5).

use crate::problem::Problem;
use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, PRAGMA};
use actix_web::middleware::Next;

/// Forbids caching (RFC 6749, 5.1), and renders errors as its clients read them (5.2).
pub(super) async fn answer_as_token_endpoint(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = next.call(request).await?.map_into_boxed_body();
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>()).cloned();
    if let Some(problem) = problem {
        let (request, _) = response.into_parts();
        return Ok(ServiceResponse::from_err(problem.for_oauth(), request));
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(response)
}
