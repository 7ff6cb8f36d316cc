//! `PUT /internal/chats/{chat_id}/state`, for the chat service: the same delivery as the branch service gets.

use crate::error::Error;
use crate::state::State;
use crate::store::{self, ChatState};
use actix_web::web::{Data, Json};
use shared::ids::ChatId;
use shared::validation::{Reason, TextField};
use shared_web::caller::Caller;
use shared_web::input::Input;
use shared_web::openapi::Msg;
use utoipa::ToSchema;

shared_web::request! {
    /// Which chat.
    pub struct ChatPath in path {
        /// The chat
        required chat_id: ChatId,
    }
}

shared_web::request! {
    /// The state of a chat, as the chat service has it.
    pub struct StateQuery in query {
        /// `alive`, `deleted` or `destroyed`
        required state: ChatState,
        /// Rises with every change of the chat; the change with the highest number counts
        required number: ChangeNumber,
    }
}

/// The number of a change.
#[derive(Debug, Clone, Copy, ToSchema)]
struct ChangeNumber(i64);

impl TextField for ChangeNumber {
    fn parse(text: String) -> Result<Self, Reason> {
        text.parse().map(Self).map_err(|_| Reason::new("int_parsing", "Input should be a valid integer"))
    }
}

/// Stops and drops the live runs of a chat that is deleted; deletes all runs of one that is destroyed. Idempotent.
#[utoipa::path(put, path = "/internal/chats/{chat_id}/state", params(ChatPath, StateQuery))]
pub async fn put_state(
    _: Caller,
    state: Data<State>,
    Input { path, query, .. }: Input<ChatPath, StateQuery, ()>,
) -> Result<Json<Msg>, Error> {
    let StateQuery { state: wanted, number: ChangeNumber(number) } = query;
    store::set_chat_state(&state.store, path.chat_id, number, wanted).await?;
    Ok(Json(Msg { msg: "State recorded" }))
}
