//! The URL table and the OpenAPI document.

mod add_message;
mod all_messages;
mod branch_view;
mod create_branch;
mod cursor_time;
mod delete_branch;
mod get_branches;
mod get_message;
mod get_messages;
mod internal_chats;
mod message_view;
mod set_active_branch;
mod update_branch;

use actix_web::web::{self, Json, ServiceConfig};
use add_message::HeadMoved;
use shared_web::problem::{ErrorBody, ProblemDetails, ValidationErrorBody};
use shared_web::server::{internal, protected, protected_scope, public};
use utoipa::OpenApi;

/// Every route of the service.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(public("/openapi.json").get(get_openapi))
        .service(internal("/internal/chats/{chat_id}").delete(internal_chats::delete_chat))
        .service(internal("/internal/chats/{chat_id}/branch").get(internal_chats::get_branch))
        .service(
            protected_scope("/api/v1/messages")
                .service(protected("/add-message").post(add_message::add_message))
                .service(protected("/get-messages").get(get_messages::get_messages))
                .service(protected("/get-message/{response_id}").get(get_message::get_message))
                .service(protected("/all-messages").get(all_messages::get_all_messages)),
        )
        .service(
            protected_scope("/api/v1/branches")
                .service(protected("/create-branch").post(create_branch::create_branch))
                .service(protected("/get-branches").get(get_branches::get_branches))
                .service(protected("/set-active-branch").put(set_active_branch::set_active_branch))
                .service(protected("/update-branch/{branch_id}").put(update_branch::update_branch))
                .service(protected("/delete-branch/{branch_id}").delete(delete_branch::delete_branch)),
        );
}

#[derive(OpenApi)]
#[openapi(
    paths(
        add_message::add_message,
        get_messages::get_messages,
        get_message::get_message,
        all_messages::get_all_messages,
        create_branch::create_branch,
        get_branches::get_branches,
        set_active_branch::set_active_branch,
        update_branch::update_branch,
        delete_branch::delete_branch
    ),
    components(schemas(ErrorBody, ValidationErrorBody, ProblemDetails, HeadMoved)),
    tags(
        (name = "messages", description = "Questions with their responses, in lines"),
        (name = "branches", description = "The conversations that fork from a response")
    )
)]
struct Document;

async fn get_openapi() -> Json<utoipa::openapi::OpenApi> {
    web::Json(Document::openapi())
}
