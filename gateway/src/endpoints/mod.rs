//! The gateway's own endpoints.

pub(crate) mod cache_validator;
mod docs;
mod health;
mod openapi;

use actix_web::web::ServiceConfig;
use shared_web::server::public;

/// The URL table of the gateway's own endpoints; [`crate::routing::table`] has that of the services.
pub(crate) fn configure(app: &mut ServiceConfig) {
    app.service(public("/health").get(health::get_health))
        .service(public("/openapi.json").get(openapi::get_openapi))
        .service(public("/openapi-3.0.json").get(openapi::get_openapi_3_0))
        .service(public("/docs").get(docs::get_docs))
        .service(public("/docs/{file}").get(docs::get_docs_file));
}

/// The root, where it is not that of the page.
pub(crate) fn configure_without_ui(app: &mut ServiceConfig) {
    app.service(public("/").get(docs::get_root));
}
