//! The URL table, and the document that describes it.

mod change_password;
mod login;
mod logout;
mod me;
mod refresh;
mod register;
mod token;
mod users;

use actix_web::web::{self, Json, ServiceConfig};
use shared::problem::{ErrorBody, ValidationErrorBody};
use shared::server::{internal, protected, protected_scope, public};
use utoipa::OpenApi;

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
        refresh::refresh,
        token::create_token,
        logout::logout,
        me::get_me,
        me::delete_me,
        change_password::change_password
    ),
    components(schemas(ErrorBody, ValidationErrorBody, token::TokenErrorBody)),
    tags((name = "auth", description = "Users, passwords and tokens"))
)]
struct Document;

async fn get_openapi() -> Json<utoipa::openapi::OpenApi> {
    web::Json(Document::openapi())
}
