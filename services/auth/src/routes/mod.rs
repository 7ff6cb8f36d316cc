//! The URL table and the OpenAPI document.

mod change_password;
mod login;
mod logout;
mod me;
mod refresh;
mod register;
mod token;
mod users;

use crate::domain::{NewPassword, PasswordPolicy};
use actix_web::web::{Data, Json, ServiceConfig};
use shared_web::input::Settings;
use shared_web::problem::{ErrorBody, ProblemDetails, ValidationErrorBody};
use shared_web::server::{internal, protected, protected_scope, public};
use utoipa::{OpenApi, ToSchema as _};

/// Every route of the service.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(public("/openapi.json").get(get_openapi))
        .service(internal("/internal/users/{user_id}").get(users::get_user))
        .service(
            protected_scope("/api/v1/auth")
                .service(public("/register").post(register::register))
                .service(public("/login").post(login::login))
                .service(public("/refresh").post(refresh::refresh))
                .service(public("/token").post(token::create_token).as_token_endpoint())
                .service(protected("/logout").post(logout::logout))
                .service(protected("/me").get(me::get_me).delete(me::delete_me))
                .service(protected("/change-password").put(change_password::change_password)),
        );
}

#[derive(OpenApi)]
#[openapi(
    paths(
        register::register,
        login::login,
        token::create_token,
        me::get_me,
        me::delete_me,
        refresh::refresh,
        change_password::change_password,
        logout::logout
    ),
    components(schemas(ErrorBody, ValidationErrorBody, ProblemDetails, token::TokenErrorBody)),
    tags((name = "auth", description = "Users, passwords and tokens"))
)]
struct Document;

async fn get_openapi(settings: Data<Settings>) -> Json<utoipa::openapi::OpenApi> {
    let mut document = Document::openapi();
    let policy: PasswordPolicy = settings.rules();
    let schemas = &mut document.components.get_or_insert_default().schemas;
    schemas.insert(NewPassword::name().into_owned(), policy.schema());
    Json(document)
}
