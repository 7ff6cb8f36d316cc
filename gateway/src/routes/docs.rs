//! `/docs`: Swagger UI from files that the binary holds, so that it works without internet access.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType};
use actix_web::web::Path;
use shared::problem::Problem;
use shared::server::route_not_found;
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// The page of ours instead of Swagger UI's, whose relative paths need a slash at the end of `/docs`.
const PAGE: &str = include_str!("docs.html");

/// Nothing is loaded from elsewhere. Swagger UI sets styles in its elements and has pictures in its styles.
const POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// GET `/docs`.
pub(super) async fn get_docs() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(PAGE)
}

/// GET `/docs/{file}`.
pub(super) async fn get_docs_file(file: Path<String>) -> Result<HttpResponse, Problem> {
    let found = utoipa_swagger_ui::serve(&file, Arc::new(config())).map_err(Problem::internal)?;
    let file = found.ok_or_else(route_not_found)?;
    Ok(HttpResponse::Ok()
        .content_type(file.content_type)
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(file.bytes.into_owned()))
}

fn config() -> Config<'static> {
    Config::new(["/openapi.json"])
        .display_request_duration(true)
        .persist_authorization(true)
        // Swagger UI would ask a server of its makers otherwise.
        .validator_url("none")
}
