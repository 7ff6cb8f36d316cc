//! `GET /conversations/`

use super::conversation_view::ConversationView;
use super::get_chat::own_chat;
use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use shared::ids::ChatId;
use shared_web::caller::Identity;
use shared_web::input::{Input, Query};
use shared_web::openapi::ErrorResponses;
use shared_web::page::{Cursor, Limit, Page, TimeKey, foreign_cursor};

shared_web::request! {
    /// Of which chat, and which part of the list.
    pub struct ListQuery in paged_query {
        /// A chat of the caller's
        required chat_id: ChatId,
        /// How many records at most; left out 50, and more than 200 is taken as 200
        optional limit: Limit,
        /// From `X-Next-Cursor` of the page before; empty, the first page
        cursor cursor: ListCursor,
    }
    check cursor(cursor, chat_id): cursor.is_none_or(|cursor| cursor.chat_id == *chat_id), or foreign_cursor();
}

/// Where a page of the list begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ListCursor {
    chat_id: ChatId,
    after: TimeKey,
}

impl Cursor for ListCursor {
    const KIND: &'static str = "conversations";
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_input();
    Error::ChatNotFound
}

/// List the conversation records of a chat that are not deleted, newest first
///
/// Only a missing `X-Next-Cursor` (or `Link`) is the end.
#[utoipa::path(
    get, path = "/api/v1/conversations", tag = "conversations", params(ListQuery),
    responses(
        (status = 200, description = "A page of the records", body = Vec<ConversationView>,
         headers(
            ("Link" = String, description = "The next page, absent on the last"),
            ("X-Next-Cursor" = String, description = "The cursor of the next page, absent on the last")
         )),
        Errors
    )
)]
pub async fn get_conversations(
    identity: Identity,
    state: Data<State>,
    Input { query, .. }: Query<ListQuery>,
) -> Result<Page<ConversationView>, Error> {
    let limit = query.limit.unwrap_or_default().get();
    let chat = own_chat(&state, identity.user_id, query.chat_id).await?;
    let after = query.cursor.map(|cursor| cursor.after);
    let records = store::list_conversations(&state.store, chat.id, after, limit).await?;
    let page = Page::of_rows(&query, records, limit, |record| ListCursor {
        chat_id: record.chat_id,
        after: TimeKey { created_at: record.created_at, id: record.id.as_uuid() },
    });
    Ok(page.map(ConversationView::from))
}
