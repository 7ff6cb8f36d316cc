//! The URL table and the OpenAPI document.

mod chat_view;
mod conversation_view;
mod create_chat;
mod create_conversation;
mod delete_chat;
mod delete_conversation;
mod get_chat;
mod get_chats;
mod get_conversations;
mod internal_accounts;
mod internal_chats;
mod update_chat;

use actix_web::web::{self, Json, ServiceConfig};
use shared_web::problem::{ErrorBody, ProblemDetails, ValidationErrorBody};
use shared_web::server::{internal, protected, protected_scope, public};
use utoipa::OpenApi;

/// Every route of the service.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(public("/openapi.json").get(get_openapi))
        .service(internal("/internal/chats/{chat_id}").get(internal_chats::get_chat))
        .service(internal("/internal/accounts/{user_id}").delete(internal_accounts::delete_account))
        .service(
            protected_scope("/api/v1/chats")
                .service(protected("/create-chat").post(create_chat::create_chat))
                .service(protected("/get-chat").get(get_chats::get_chats))
                .service(protected("/get-chat/{chat_id}").get(get_chat::get_chat))
                .service(protected("/update-chat/{chat_id}").put(update_chat::update_chat))
                .service(protected("/delete-chat/{chat_id}").delete(delete_chat::delete_chat)),
        )
        .service(
            protected_scope("/api/v1/conversations")
                .service(
                    protected("")
                        .post(create_conversation::create_conversation)
                        .get(get_conversations::get_conversations),
                )
                .service(protected("/{id}").delete(delete_conversation::delete_conversation)),
        );
}

#[derive(OpenApi)]
#[openapi(
    paths(
        create_chat::create_chat,
        get_chats::get_chats,
        get_chat::get_chat,
        update_chat::update_chat,
        delete_chat::delete_chat,
        create_conversation::create_conversation,
        get_conversations::get_conversations,
        delete_conversation::delete_conversation
    ),
    components(schemas(ErrorBody, ValidationErrorBody, ProblemDetails)),
    tags(
        (name = "chats", description = "Chats, and whose they are"),
        (name = "conversations", description = "Named entry points into a chat")
    )
)]
struct Document;

async fn get_openapi() -> Json<utoipa::openapi::OpenApi> {
    web::Json(Document::openapi())
}
