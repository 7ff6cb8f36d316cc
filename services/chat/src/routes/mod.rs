//! All routes of the service. Path and method of each stand at its handler.

mod chat_view;
mod conversation_view;
mod create_chat;
mod create_conversation;
mod delete_chat;
mod delete_conversation;
mod deleted_chats;
mod fork_chat;
mod get_chat;
mod get_chats;
mod get_conversations;
mod internal_accounts;
mod internal_activity;
mod internal_chats;
mod restore_chat;
mod update_chat;

use actix_web::web::ServiceConfig;
use shared_web::routes;
use shared_web::server::Routes;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(tags(
    (name = "chats", description = "Chats, and whose they are"),
    (name = "conversations", description = "Named entry points into a chat")
))]
struct Document;

/// Registers every route.
pub fn configure(config: &mut ServiceConfig) {
    routes().configure(config);
}

/// Every route of the service.
pub fn routes() -> Routes {
    Routes::new(Document::openapi)
        .documented(routes![
            create_chat::create_chat,
            get_chats::get_chats,
            get_chat::get_chat,
            update_chat::update_chat,
            fork_chat::fork_chat,
            delete_chat::delete_chat,
            deleted_chats::get_deleted_chats,
            restore_chat::restore_chat,
            create_conversation::create_conversation,
            get_conversations::get_conversations,
            delete_conversation::delete_conversation,
        ])
        .internal(routes![
            internal_chats::get_chat,
            internal_activity::put_activity,
            internal_accounts::delete_account,
        ])
}
