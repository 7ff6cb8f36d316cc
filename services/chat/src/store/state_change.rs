//! Deliveries of changed states of chats to the branch service, and to the answer service where there is one.

use super::chats::Chat;
use super::schema::chats;
use crate::domain::{ChatState, StateChange};
use diesel::prelude::*;

use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared::service::Service;
use shared_outbox::{Delivery, outbox};
use shared_store::{RunQueryDsl, Session, StoreError, on};
use shared_web::telemetry::Trace;

/// Locks the row of a chat, if it is this user's, and returns it, also a deleted one.
pub(super) async fn lock_chat(
    session: &mut Session,
    owner: UserId,
    id: ChatId,
) -> Result<Option<Chat>, StoreError> {
    let chat = chats::table.filter(chats::id.eq(id).and(chats::account_id.eq(owner)));
    let lock = diesel::update(chat).set(chats::updated_at.eq(chats::updated_at));
    on!(session, |c| lock.returning(Chat::as_returning()).get_result(c).await.optional())
}

/// The services that are told of the changed state of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The branch service alone: there is no other, or the chat was never seen.
    Branch,
    /// The answer service, too.
    BranchAndAnswer,
}

/// Puts the deliveries of a change into the outbox, and returns them.
pub(super) async fn owe(
    session: &mut Session,
    change: StateChange,
    audience: Audience,
    trace: &Trace,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let mut deliveries = vec![Delivery::put(Service::Branch, change.branch_path(), trace, now)];
    if audience == Audience::BranchAndAnswer {
        deliveries.push(Delivery::put(Service::Answer, change.answer_path(), trace, now));
    }
    for delivery in &deliveries {
        on!(session, |c| diesel::insert_into(outbox::table).values(delivery).execute(c).await)?;
    }
    Ok(deliveries)
}

impl Chat {
    /// Its next change, to this state.
    pub(super) const fn change_to(&self, state: ChatState) -> StateChange {
        let Self { id: chat, account_id: owner, created_at, state_number, .. } = *self;
        StateChange { chat, owner, created_at, number: state_number + 1, state }
    }
}
