//! All routes of the service. Path and method of each stand at its handler.

mod add_message;
mod all_messages;
mod answer_service;
mod branch_view;
mod cherry_pick;
mod compare_branches;
mod create_branch;
mod cursor_time;
mod delete_branch;
mod deleted_branches;
mod edit_message;
mod get_branch;
mod get_branches;
mod get_message;
mod get_messages;
mod get_tree;
mod get_versions;
mod id_list;
mod internal_answers;
mod internal_branch_counts;
mod internal_chat_forks;
mod internal_chat_state;
mod internal_chats;
mod internal_lines;
mod internal_living_messages;
mod message_view;
mod restore_branch;
mod set_active_branch;
mod update_branch;
mod update_message;

use actix_web::web::ServiceConfig;
use add_message::HeadMoved;
use shared_web::routes;
use shared_web::server::Routes;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    components(schemas(HeadMoved)),
    tags(
        (name = "messages", description = "Questions with their responses, in lines"),
        (name = "branches", description = "The conversations that fork from a response")
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
            add_message::add_message,
            edit_message::edit_message,
            get_messages::get_messages,
            get_message::get_message,
            get_tree::get_tree,
            update_message::update_message,
            get_versions::get_versions,
            all_messages::get_all_messages,
            create_branch::create_branch,
            cherry_pick::cherry_pick,
            get_branches::get_branches,
            get_branch::get_branch,
            compare_branches::compare_branches,
            set_active_branch::set_active_branch,
            update_branch::update_branch,
            delete_branch::delete_branch,
            deleted_branches::deleted_branches,
            restore_branch::restore_branch,
        ])
        .internal(routes![
            internal_chats::delete_chat,
            internal_chats::get_branch,
            internal_chat_state::put_state,
            internal_chat_forks::get_fork_point,
            internal_chat_forks::put_fork,
            internal_branch_counts::count_branches,
            internal_lines::place,
            internal_lines::get_messages,
            internal_answers::put_answer,
            internal_answers::get_message,
            internal_living_messages::living_messages,
        ])
}
