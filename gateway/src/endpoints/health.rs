//! `/health`, for clients of the service that Banyan replaces: the process answers, whatever the services do.

use actix_web::HttpResponse;
use serde_json::json;

/// GET `/health`.
pub(super) async fn get_health() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}
