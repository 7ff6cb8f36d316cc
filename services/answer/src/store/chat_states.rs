//! States of chats, as the chat service delivers them: at least once, and in no order.

use super::database_time::now;
use super::run::is_live_sql;
use super::schema::{chat_states, runs};
use super::settle::drop_runs;
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::ids::{ChatId, ResponseId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};

shared_store::text_enum! {
    /// The state of a chat.
    pub enum ChatState {
        /// It is there.
        Alive = "alive",
        /// It is deleted, and can be restored.
        Deleted = "deleted",
        /// It is deleted for good.
        Destroyed = "destroyed",
    }
}

/// Takes a state of a chat, unless one with this number or a higher one came before: live runs of a chat that is deleted are dropped,
/// and stay so if it is restored; all runs of one that is destroyed are deleted.
pub async fn set_chat_state(
    store: &Store,
    chat: ChatId,
    number: i64,
    state: ChatState,
) -> Result<(), StoreError> {
    store.write(move |session| set(session, chat, number, state).boxed()).await
}

async fn set(session: &mut Session, chat: ChatId, number: i64, state: ChatState) -> Result<(), StoreError> {
    if !is_new(session, chat, number).await? {
        return Ok(());
    }
    let of_chat = runs::table.filter(runs::chat_id.eq(chat));
    match state {
        ChatState::Alive => Ok(()),
        ChatState::Deleted => {
            let live = of_chat.filter(is_live_sql()).select(runs::response_id);
            let ids: Vec<ResponseId> = on!(session, |c| live.load(c).await)?;
            drop_runs(session, ids).await
        }
        ChatState::Destroyed => on!(session, |c| diesel::delete(of_chat).execute(c).await).map(drop),
    }
}

/// Records the number, if it is higher than those before.
async fn is_new(session: &mut Session, chat: ChatId, number: i64) -> Result<bool, StoreError> {
    let row =
        (chat_states::chat_id.eq(chat), chat_states::number.eq(number), chat_states::recorded_at.eq(now()));
    let newer = (chat_states::number.eq(number), chat_states::recorded_at.eq(now()));
    on!(session, |c| {
        let insert = diesel::insert_into(chat_states::table).values(row).on_conflict_do_nothing();
        if insert.execute(c).await? > 0 {
            return Ok(true);
        }
        let older = chat_states::table.find(chat).filter(chat_states::number.lt(number));
        diesel::update(older).set(newer).execute(c).await.map(|rows| rows > 0)
    })
}
