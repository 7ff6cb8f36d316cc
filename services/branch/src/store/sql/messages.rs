//! Messages by id, and by idempotency key.

use super::engine::SqlEngine;
use super::message_forks;
use super::reading_chat::{OwnPlace, Reading, named_chat, read_as};
use super::rows::MessageRow;
use super::schema::{TRUNKS, branches, messages};
use super::versions;
use crate::domain::{Forks, Message};
use crate::error::Error;
use crate::store::inherited_line::InheritedLine;
use crate::store::read_message::FoundMessage;
use crate::store::{MessageRequest, MetadataUpdate};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::idempotency::{IdempotencyKey, RequestHash};
use shared::ids::{ChatId, ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, on};

impl SqlEngine {
    pub(crate) async fn find_message(&self, request: MessageRequest) -> Result<Option<FoundMessage>, Error> {
        self.store.read(move |session| find_message(session, request).boxed()).await
    }

    pub(crate) async fn read_message(&self, request: MessageRequest) -> Result<Option<Message>, Error> {
        self.store.read(move |session| read_message(session, request).boxed()).await
    }

    pub(crate) async fn replay_answer(
        &self,
        owner: UserId,
        id: ResponseId,
    ) -> Result<Option<Message>, Error> {
        self.store.read(move |session| replay_answer(session, owner, id).boxed()).await
    }

    pub(crate) async fn replay_message(&self, key: &IdempotencyKey) -> Result<Option<Message>, Error> {
        let key = key.clone();
        self.store.read(|session| async move { replay(session, &key).await }.boxed()).await
    }

    pub(crate) async fn update_metadata(&self, update: &MetadataUpdate) -> Result<Message, Error> {
        let update = update.clone();
        self.write([], |session| async move { update_metadata(session, &update).await }.boxed()).await
    }
}

async fn read_message(session: &mut Session, request: MessageRequest) -> Result<Option<Message>, Error> {
    let MessageRequest { owner, message: id, reading_chat } = request;
    let named = named_chat(session, owner, reading_chat).await?;
    let found: Option<(MessageRow, OwnPlace)> = on!(session, |c| {
        messages::table
            .inner_join(branches::table)
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(messages::response_id.eq(id).and(messages::owner_id.eq(owner)))
            .select((MessageRow::as_select(), OwnPlace::as_select()))
            .first(c)
            .await
            .optional()
    })?;
    let Some((row, own)) = found else { return Ok(None) };
    match read_as(session, &own, named).await? {
        Some(Reading::In(chat, inherited)) => {
            read_in_chat(session, row, chat, inherited.as_ref()).await.map(Some)
        }
        Some(Reading::Kept) => Ok(Some(row.into_message(own.chat, Forks::default()))),
        None => Ok(None),
    }
}

async fn read_in_chat(
    session: &mut Session,
    row: MessageRow,
    chat: ChatId,
    inherited: Option<&InheritedLine>,
) -> Result<Message, Error> {
    let id = row.response_id;
    let ids = row.parent_response_id.into_iter().chain([id]);
    let mut forks = message_forks::of_messages(session, ids.map(|id| (id, chat))).await?;
    let versions = versions::of_messages(session, [row.sibling(chat)], &forks, inherited).await?;
    let message = row.into_message(chat, forks.remove(&(id, chat)).unwrap_or_default());
    Ok(message.with_version(versions.get(&id).copied()).read_in(chat))
}

async fn find_message(session: &mut Session, request: MessageRequest) -> Result<Option<FoundMessage>, Error> {
    let MessageRequest { owner, message, reading_chat } = request;
    let named = named_chat(session, owner, reading_chat).await?;
    let found: Option<(Option<ResponseId>, OwnPlace)> = on!(session, |c| {
        messages::table
            .inner_join(branches::table)
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(messages::response_id.eq(message).and(messages::owner_id.eq(owner)))
            .select((messages::parent_response_id, OwnPlace::as_select()))
            .first(c)
            .await
            .optional()
    })?;
    let Some((parent, own)) = found else { return Ok(None) };
    Ok(match read_as(session, &own, named).await? {
        Some(Reading::In(chat, _)) => Some(FoundMessage { chat, parent, depth: own.depth }),
        Some(Reading::Kept) | None => None,
    })
}

/// An error rolls the update back.
async fn update_metadata(session: &mut Session, update: &MetadataUpdate) -> Result<Message, Error> {
    let row = messages::table.find(update.message).filter(messages::owner_id.eq(update.owner));
    let change = diesel::update(row).set(messages::metadata.eq(update.metadata.as_str()));
    on!(session, |c| change.execute(c).await)?;
    let &MetadataUpdate { owner, message, reading_chat, .. } = update;
    let updated = read_message(session, MessageRequest { owner, message, reading_chat }).await?;
    updated.ok_or(Error::MessageNotFound)
}

async fn replay(session: &mut Session, key: &IdempotencyKey) -> Result<Option<Message>, Error> {
    let query = messages::table.filter(messages::key_id.eq(key.id)).select((
        messages::response_id,
        messages::owner_id,
        messages::request_hash,
    ));
    let made: Option<(ResponseId, UserId, Option<RequestHash>)> =
        on!(session, |c| query.first(c).await.optional())?;
    let Some((id, owner, hash)) = made else { return Ok(None) };
    if hash.as_ref() != Some(&key.hash) {
        return Err(Error::KeyReused);
    }
    read_message(session, MessageRequest::in_own_chat(owner, id))
        .await?
        .map(Some)
        .ok_or(Error::MessageNotFound)
}

async fn replay_answer(
    session: &mut Session,
    owner: UserId,
    id: ResponseId,
) -> Result<Option<Message>, Error> {
    // Before it is read: one that is stored in between is not there yet, and not deleted.
    let stored = messages::table.find(id).select(messages::depth);
    let stored: Option<i64> = on!(session, |c| stored.first(c).await.optional())?;
    if stored.is_none() {
        return Ok(None);
    }
    let message = read_message(session, MessageRequest::in_own_chat(owner, id)).await?;
    message.map(Some).ok_or(Error::MessageNotFound)
}
