//! `PUT /internal/chats/{chat_id}/state`, for the chat service.

use super::internal_chats::ChatPath;
use crate::error::Error;
use crate::state::State;
use crate::store::{ChatState, ChatStateChange};
use actix_web::web::{Data, Json};
use shared::clock::Timestamp;
use shared::ids::UserId;
use shared::validation::{Reason, TextField};
use shared_web::caller::Caller;
use shared_web::input::Input;
use shared_web::openapi::Msg;
use utoipa::ToSchema;

shared_web::request! {
    /// The state of a chat, as the chat service wants it.
    pub struct StateQuery in query {
        /// The owner of the chat, which the chat service has checked
        required owner: UserId,
        /// When the chat was created
        required created_at: Timestamp,
        /// `alive`, `deleted` or `destroyed`
        required state: StateName,
        /// Rises with every change of the chat; the change with the highest number counts
        required number: ChangeNumber,
        /// Until when a deleted chat can be restored
        optional purge_at: Timestamp,
    }
    check purge_at(state, purge_at): *state != StateName::Deleted || purge_at.is_some(), or Reason::missing();
}

/// The number of a change.
#[derive(Debug, Clone, Copy, ToSchema)]
struct ChangeNumber(i64);

impl TextField for ChangeNumber {
    fn parse(text: String) -> Result<Self, Reason> {
        text.parse().map(Self).map_err(|_| Reason::new("int_parsing", "Input should be a valid integer"))
    }
}

/// The name of a state of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
enum StateName {
    /// Not deleted.
    Alive,
    /// Deleted for a while.
    Deleted,
    /// Deleted for good.
    Destroyed,
}

impl TextField for StateName {
    fn parse(text: String) -> Result<Self, Reason> {
        match text.as_str() {
            "alive" => Ok(Self::Alive),
            "deleted" => Ok(Self::Deleted),
            "destroyed" => Ok(Self::Destroyed),
            _ => Err(Reason::new("enum", "Input should be 'alive', 'deleted' or 'destroyed'")),
        }
    }
}

/// Changes the state of a chat, unless a change with this number or a higher one came before. Idempotent.
#[utoipa::path(put, path = "/internal/chats/{chat_id}/state", params(ChatPath, StateQuery))]
pub async fn put_state(
    _: Caller,
    state: Data<State>,
    Input { path, query, .. }: Input<ChatPath, StateQuery, ()>,
) -> Result<Json<Msg>, Error> {
    let StateQuery { owner, created_at, number: ChangeNumber(number), .. } = query;
    let wanted = match (query.state, query.purge_at) {
        (StateName::Alive, _) => ChatState::Alive,
        (StateName::Deleted, Some(purge_at)) => ChatState::Deleted { purge_at },
        // Without a time it is refused before.
        (StateName::Deleted, None) => ChatState::Deleted { purge_at: created_at },
        (StateName::Destroyed, _) => ChatState::Destroyed,
    };
    let change = ChatStateChange { chat: path.chat_id, owner, created_at, state: wanted, number };
    state.store.set_chat_state(change).await?;
    state.sweeper.wake();
    Ok(Json(Msg { msg: "State recorded" }))
}
