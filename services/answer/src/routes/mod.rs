//! All routes of the service. Path and method of each stand at its handler.

mod answer_view;
mod asking;
mod create_answer;
mod get_answer;
mod get_answers;
mod get_models;
mod internal_accounts;
mod internal_chat_state;
mod regenerate_answer;
mod response;
mod stop_answer;
mod stream_answer;

use actix_web::web::ServiceConfig;
use shared_web::routes;
use shared_web::server::Routes;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    components(schemas(create_answer::AnswerConflict)),
    tags(
        (name = "answers", description = "Answers of models, while they are under way and afterwards"),
        (name = "models", description = "The models of this deployment")
    )
)]
struct Document;

/// Registers every route.
pub fn configure(config: &mut ServiceConfig) {
    routes().configure(config);
}

/// Every route of the service.
pub fn routes() -> Routes {
    Routes::new(Document::openapi)
        .documented(routes![
            create_answer::create_answer,
            regenerate_answer::regenerate_answer,
            get_answer::get_answer,
            stream_answer::stream_answer,
            stop_answer::stop_answer,
            get_answers::get_answers,
            get_models::get_models,
        ])
        .internal(routes![internal_accounts::delete_account, internal_chat_state::put_state])
}
