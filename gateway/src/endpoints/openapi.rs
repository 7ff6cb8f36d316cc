//! `/openapi.json` and `/openapi-3.0.json`: the API of all services together.

use super::cache_validator::CacheValidator;
use crate::downstream::client_ip::TrustedProxies;
use crate::downstream::server_url::server_url;
use crate::openapi::catalogue::{Catalogue, Version};
use actix_web::http::header::ContentType;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use shared_web::problem::Problem;

/// GET `/openapi.json`.
pub(super) async fn get_openapi(
    request: HttpRequest,
    catalogue: Data<Catalogue>,
    trusted: Data<TrustedProxies>,
) -> Result<HttpResponse, Problem> {
    respond(&server_url(&request, &trusted), &request, &catalogue, Version::V31).await
}

/// GET `/openapi-3.0.json`.
pub(super) async fn get_openapi_3_0(
    request: HttpRequest,
    catalogue: Data<Catalogue>,
    trusted: Data<TrustedProxies>,
) -> Result<HttpResponse, Problem> {
    respond(&server_url(&request, &trusted), &request, &catalogue, Version::V30).await
}

async fn respond(
    server: &str,
    request: &HttpRequest,
    catalogue: &Catalogue,
    version: Version,
) -> Result<HttpResponse, Problem> {
    let server = if server.is_empty() { "/" } else { server };
    let document = catalogue.document(version, server).await?;
    let validator = CacheValidator::of(&document, "no-cache");
    if validator.matches(request) {
        return Ok(validator.not_modified().finish());
    }
    Ok(validator.ok().content_type(ContentType::json()).body(document))
}
