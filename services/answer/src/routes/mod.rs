//! All routes of the service. Path and method of each stand at its handler.

mod answer_view;
mod asking;
mod create_answer;
mod delete_key;
mod get_answer;
mod get_answers;
mod get_models;
mod get_providers;
mod internal_accounts;
mod internal_chat_state;
mod provider_view;
mod regenerate_answer;
mod response;
mod set_key;
mod stop_answer;
mod stream_answer;

use shared_web::routes;
use shared_web::server::Routes;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    components(schemas(create_answer::AnswerConflict)),
    tags(
        (name = "answers", description = "Answers of models, while they are under way and afterwards"),
        (
            name = "models",
            description = "The models of this deployment. Its operator names them in a TOML file, whose path is in the variable `MODELS_FILE` of the answer service, as `deploy/models.example.toml` of the repository shows. Without a file there is `banyan/echo` alone, a test model that repeats the question."
        )
    )
)]
struct Document;

#[derive(OpenApi)]
#[openapi(tags((name = "providers", description = "The caller's own keys for the providers of models")))]
struct ProvidersDocument;

fn document_with_providers() -> utoipa::openapi::OpenApi {
    Document::openapi().merge_from(ProvidersDocument::openapi())
}

/// Every route of the service; those of users' own keys only where they may have some.
pub fn routes(has_user_keys: bool) -> Routes {
    let routes = Routes::new(if has_user_keys { document_with_providers } else { Document::openapi });
    let routes = routes.documented(routes![
        create_answer::create_answer,
        regenerate_answer::regenerate_answer,
        get_answer::get_answer,
        stream_answer::stream_answer,
        stop_answer::stop_answer,
        get_answers::get_answers,
        get_models::get_models,
    ]);
    let routes = if has_user_keys {
        routes.documented(routes![get_providers::get_providers, set_key::set_key, delete_key::delete_key])
    } else {
        routes
    };
    routes.internal(routes![internal_accounts::delete_account, internal_chat_state::put_state])
}
