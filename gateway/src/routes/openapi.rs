//! `/openapi.json`: the API of all services together.

use crate::openapi::Catalogue;
use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::Data;
use shared::problem::Problem;

/// GET `/openapi.json`.
pub(super) async fn get_openapi(catalogue: Data<Catalogue>) -> Result<HttpResponse, Problem> {
    let document = catalogue.document().await?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(document))
}
