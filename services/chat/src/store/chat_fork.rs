//! Forks of chats that are under way.
//!
//! A fork concerns two databases. Its row is inserted first, then the branch service makes the trunk, then one transaction turns the row
//! into the chat. A crash leaves at most the row, from which the fork is finished or given up. No other query reads these rows, so that
//! nothing sees a chat without a trunk.

use super::chats::Chat;
use super::schema::chat_forks;
use crate::domain::{ChatState, ChatType, ForkPoint, StateChange};
use crate::error::Error;
use diesel::prelude::*;

use shared::clock::Timestamp;
use shared::idempotency::{IdempotencyKey, RequestHash};
use shared::ids::{ChatId, KeyId, ResponseId, UserId};
use std::time::Duration;

/// The time for which a new row is left to its request.
const RETRY_DELAY: Duration = Duration::from_secs(10);

/// A row of `chat_forks`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = chat_forks, treat_none_as_default_value = false)]
pub struct ChatFork {
    /// The id of the new chat.
    pub id: ChatId,
    /// The owner of both chats.
    pub account_id: UserId,
    source_chat_id: ChatId,
    response_id: Option<ResponseId>,
    chat_type: ChatType,
    name: String,
    /// When the fork was requested.
    pub created_at: Timestamp,
    pub(super) key_id: Option<KeyId>,
    pub(super) request_hash: Option<RequestHash>,
    /// The id of the request.
    pub request_id: String,
    /// The number of failed attempts after the request.
    pub attempts: i32,
    next_attempt_at: Timestamp,
}

/// The progress of a fork.
#[derive(Debug)]
pub enum ForkProgress {
    /// It has to be finished.
    UnderWay(ChatFork),
    /// An equal request has finished it.
    Finished(Chat),
}

impl ChatFork {
    /// A fork requested now.
    pub fn new(
        owner: UserId,
        point: ForkPoint,
        (name, chat_type): (String, ChatType),
        key: Option<IdempotencyKey>,
        request_id: String,
        now: Timestamp,
    ) -> Self {
        let (key_id, request_hash) = key.map(|key| (key.id, key.hash)).unzip();
        Self {
            id: ChatId::generate(),
            account_id: owner,
            source_chat_id: point.chat_id,
            response_id: point.response_id,
            chat_type,
            name,
            created_at: now,
            key_id,
            request_hash,
            request_id,
            attempts: 0,
            next_attempt_at: now.plus(RETRY_DELAY),
        }
    }

    /// Where it stands.
    pub const fn point(&self) -> ForkPoint {
        ForkPoint { chat_id: self.source_chat_id, response_id: self.response_id }
    }

    pub(super) fn has_hash(self, hash: &RequestHash) -> Result<ForkProgress, Error> {
        if self.request_hash.as_ref() == Some(hash) {
            Ok(ForkProgress::UnderWay(self))
        } else {
            Err(Error::KeyReused)
        }
    }

    pub(super) fn is_given_up(&self) -> StateChange {
        let Self { id: chat, account_id: owner, created_at, .. } = *self;
        StateChange { chat, owner, created_at, number: 1, state: ChatState::Destroyed }
    }
}

impl Chat {
    /// The chat of a fork whose trunk is made.
    pub(super) fn forked(fork: ChatFork) -> Self {
        let ChatFork { id, account_id, source_chat_id, response_id, chat_type, name, created_at, .. } = fork;
        let key = (fork.key_id, fork.request_hash);
        let mut chat = Self::with_key(account_id, name, chat_type, key, created_at);
        chat.id = id;
        chat.forked_from_chat_id = Some(source_chat_id);
        chat.forked_from_response_id = response_id;
        chat
    }
}
