//! Deletion of chats, and the way back.
//!
//! Every change of a chat's state is made under the lock of its row, which raises its number and owes the other services a delivery in the
//! same transaction. Conversation records stay as they are: those that are not deleted are found again with their chat.

use super::chats::Chat;
use super::destroy::destroy;
use super::schema::chats;
use super::state_change::{Audience, lock_chat, owe};
use crate::domain::ChatState;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::{Clock, Timestamp};
use shared::ids::{ChatId, UserId};
use shared::undo_window::UndoWindow;
use shared_outbox::Delivery;
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use shared_web::telemetry::Trace;

/// A request to delete a chat.
#[derive(Debug, Clone)]
pub struct Deletion {
    /// The user.
    pub owner: UserId,
    /// The chat.
    pub chat: ChatId,
    /// How long it can be restored; `None` destroys it, also where it is deleted and can be restored.
    pub window: Option<UndoWindow>,
    /// The services that are told.
    pub audience: Audience,
}

/// Deletes a chat, if it is this user's, with its records. Returns the deliveries; none if there was nothing to delete.
pub async fn delete_chat(
    store: &Store,
    deletion: Deletion,
    trace: &Trace,
    clock: &Clock,
) -> Result<Vec<Delivery>, StoreError> {
    let (trace, clock) = (trace.clone(), clock.clone());
    store.write(move |session| delete_chat_in(session, deletion, trace, clock).boxed()).await
}

async fn delete_chat_in(
    session: &mut Session,
    deletion: Deletion,
    trace: Trace,
    clock: Clock,
) -> Result<Vec<Delivery>, StoreError> {
    let Some(chat) = lock_chat(session, deletion.owner, deletion.chat).await? else { return Ok(Vec::new()) };
    let (now, audience) = (clock.now(), deletion.audience);
    let purge_at = deletion.window.and_then(|window| window.purge_at(now));
    match (chat.state(), purge_at) {
        (ChatState::Alive, Some(purge_at)) => hide(session, &chat, purge_at, audience, &trace, now).await,
        (ChatState::Alive, None) => destroy(session, vec![chat.id], audience, &trace, now).await,
        (ChatState::Deleted { purge_at }, _) if deletion.window.is_none() && now < purge_at => {
            destroy(session, vec![chat.id], audience, &trace, now).await
        }
        (ChatState::Deleted { .. } | ChatState::Destroyed, _) => Ok(Vec::new()),
    }
}

async fn hide(
    session: &mut Session,
    chat: &Chat,
    purge_at: Timestamp,
    audience: Audience,
    trace: &Trace,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let change = chat.change_to(ChatState::Deleted { purge_at });
    let hidden = (
        chats::deleted_at.eq(Some(now)),
        chats::purge_at.eq(Some(purge_at)),
        chats::state_number.eq(change.number),
    );
    on!(session, |c| diesel::update(chats::table.find(chat.id)).set(hidden).execute(c).await)?;
    owe(session, change, audience, trace, now).await
}

/// A chat that is not deleted, and the deliveries that its restore has made due.
type Restored = (Chat, Vec<Delivery>);

/// Restores a chat that this user has deleted, and returns it with the deliveries; without any where it is not deleted. `None` if there is
/// no such chat, or it is destroyed or due to be.
pub async fn restore_chat(
    store: &Store,
    owner: UserId,
    id: ChatId,
    audience: Audience,
    trace: &Trace,
    clock: &Clock,
) -> Result<Option<Restored>, StoreError> {
    let (trace, clock) = (trace.clone(), clock.clone());
    store.write(move |session| restore_chat_in(session, (owner, id), audience, trace, clock).boxed()).await
}

async fn restore_chat_in(
    session: &mut Session,
    (owner, id): (UserId, ChatId),
    audience: Audience,
    trace: Trace,
    clock: Clock,
) -> Result<Option<Restored>, StoreError> {
    let Some(chat) = lock_chat(session, owner, id).await? else { return Ok(None) };
    let now = clock.now();
    match chat.state() {
        ChatState::Alive => return Ok(Some((chat, Vec::new()))),
        ChatState::Deleted { purge_at } if now < purge_at => {}
        ChatState::Deleted { .. } | ChatState::Destroyed => return Ok(None),
    }
    let change = chat.change_to(ChatState::Alive);
    let restored = (
        chats::deleted_at.eq(None::<Timestamp>),
        chats::purge_at.eq(None::<Timestamp>),
        chats::state_number.eq(change.number),
    );
    let restore = diesel::update(chats::table.find(id)).set(restored);
    let chat = on!(session, |c| restore.returning(Chat::as_returning()).get_result(c).await)?;
    let deliveries = owe(session, change, audience, &trace, now).await?;
    Ok(Some((chat, deliveries)))
}
