//! All routes of the service. Path and method of each stand at its handler.

mod change_password;
mod login;
mod logout;
mod me;
mod refresh;
mod register;
mod token;
mod users;

use crate::domain::{NewPassword, PasswordPolicy};
use actix_web::web::ServiceConfig;
use shared_web::input::Settings;
use shared_web::routes;
use shared_web::server::Routes;
use token::TokenErrorBody;
use utoipa::{OpenApi, ToSchema as _};

#[derive(OpenApi)]
#[openapi(
    components(schemas(TokenErrorBody)),
    tags((name = "auth", description = "Users, passwords and tokens"))
)]
struct Document;

/// Registers every route.
pub fn configure(config: &mut ServiceConfig) {
    routes().configure(config);
}

/// Every route of the service.
pub fn routes() -> Routes {
    Routes::new(Document::openapi)
        .documented(routes![register::register, login::login])
        .token_endpoint(routes![token::create_token])
        .documented(routes![
            me::get_me,
            me::delete_me,
            refresh::refresh,
            change_password::change_password,
            logout::logout,
        ])
        .internal(routes![users::get_user])
        .amended(tell_password_policy)
}

/// Puts the configured policy into the document.
fn tell_password_policy(document: &mut utoipa::openapi::OpenApi, settings: &Settings) {
    let policy: PasswordPolicy = settings.rules();
    let schemas = &mut document.components.get_or_insert_default().schemas;
    schemas.insert(NewPassword::name().into_owned(), policy.schema());
}
