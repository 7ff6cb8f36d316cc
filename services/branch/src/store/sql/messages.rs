//! Messages by id, by idempotency key, and by user.

use super::conditions::IsListed;
use super::engine::SqlEngine;
use super::lookup::look_up;
use super::message_forks;
use super::rows::MessageRow;
use super::schema::{TRUNKS, branches, messages};
use super::versions::{self, Sibling};
use crate::domain::{Message, Order};
use crate::error::Error;
use crate::store::read_message::FoundMessage;
use crate::store::selection::{Entry, Selection};
use crate::store::{ListRequest, MessagePage, MessageRequest, MetadataUpdate, TimePosition};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::idempotency::{IdempotencyKey, RequestHash};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::{HashMap, HashSet};

impl SqlEngine {
    pub(crate) async fn find_message(&self, request: MessageRequest) -> Result<Option<FoundMessage>, Error> {
        let found = self.read_message(request).await?;
        Ok(found.map(|found| FoundMessage { chat: found.chat, parent: found.parent, depth: found.depth }))
    }

    pub(crate) async fn read_message(&self, request: MessageRequest) -> Result<Option<Message>, Error> {
        self.store.read(move |session| read_message(session, request).boxed()).await
    }

    pub(crate) async fn replay_message(&self, key: &IdempotencyKey) -> Result<Option<Message>, Error> {
        let key = key.clone();
        self.store.read(|session| async move { replay(session, &key).await }.boxed()).await
    }

    pub(crate) async fn update_metadata(&self, update: &MetadataUpdate) -> Result<Message, Error> {
        let update = update.clone();
        self.write([], |session| async move { update_metadata(session, &update).await }.boxed()).await
    }

    pub(crate) async fn list_messages(
        &self,
        request: &ListRequest,
    ) -> Result<MessagePage<TimePosition>, Error> {
        let request = *request;
        let selection = self.store.read(move |session| select(session, request).boxed()).await?;
        // Twice: the driver's buffers beside the rows, and later the written part of the answer beside the unwritten.
        let memory = self.memory.reserve(2 * selection.text_bytes()).await?;
        let (chosen, next) = selection.finish();
        let items = self.store.read(|session| async move { read(session, &chosen).await }.boxed()).await?;
        Ok(MessagePage { items, next, previous: None, memory })
    }
}

async fn read_message(session: &mut Session, request: MessageRequest) -> Result<Option<Message>, Error> {
    let MessageRequest { owner, message: id, reading_chat } = request;
    let reading_chat = match reading_chat {
        Some(chat) => Some(look_up(session, owner, chat).await?.require()?.branch.chat),
        None => None,
    };
    let found: Option<(MessageRow, ChatId, bool, bool)> = on!(session, |c| {
        messages::table
            .inner_join(branches::table)
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(messages::response_id.eq(id).and(messages::owner_id.eq(owner)))
            .select((
                MessageRow::as_select(),
                branches::root_chat_id,
                branches::deleted_at.is_null(),
                TRUNKS.field(branches::deleted_at).is_null(),
            ))
            .first(c)
            .await
            .optional()
    })?;
    let Some((row, chat, true, true)) = found else { return Ok(None) };
    if reading_chat.is_some_and(|reading_chat| reading_chat != chat) {
        return Ok(None);
    }
    let ids: Vec<_> = row.parent_response_id.into_iter().chain([id]).collect();
    let mut forks = message_forks::of_messages(session, &ids).await?;
    let sibling = [Sibling::of(chat, &row)];
    let version = versions::of_messages(session, sibling, &forks).await?.remove(&id);
    Ok(Some(row.into_message(chat, forks.remove(&id).unwrap_or_default()).with_version(version)))
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

async fn select(session: &mut Session, request: ListRequest) -> Result<Selection, Error> {
    let ListRequest { owner, target, order, after, limit } = request;
    let chat = match target {
        Some(target) => Some(look_up(session, owner, target).await?.require()?.branch.chat),
        None => None,
    };
    let mut selection = Selection::new(after, limit);
    while let Some((after, count)) = selection.next_read() {
        let entries = entries(session, IsListed { owner, chat, order, after }, count).await?;
        let visible = chats_of(session, owner, &entries).await?;
        let chat = |entry: Entry| (entry, visible.get(&entry.branch).copied());
        selection.add(entries.into_iter().map(chat).collect());
    }
    Ok(selection)
}

async fn entries(session: &mut Session, listed: IsListed, count: usize) -> Result<Vec<Entry>, Error> {
    let query = messages::table.filter(listed).limit(i64::try_from(count).unwrap_or(i64::MAX)).select((
        messages::response_id,
        messages::branch_id,
        messages::created_at,
        messages::text_bytes,
    ));
    let (time, id) = (messages::created_at, messages::response_id);
    let rows: Vec<(ResponseId, BranchId, Timestamp, i64)> = match listed.order {
        Order::Desc => on!(session, |c| query.order((time.desc(), id.desc())).load(c).await)?,
        Order::Asc => on!(session, |c| query.order((time.asc(), id.asc())).load(c).await)?,
    };
    let entry = |(id, branch, created_at, bytes)| Entry { id, branch, created_at, bytes };
    Ok(rows.into_iter().map(entry).collect())
}

/// The chats of the branches that the owner can see.
async fn chats_of(
    session: &mut Session,
    owner: UserId,
    entries: &[Entry],
) -> Result<HashMap<BranchId, ChatId>, Error> {
    let mut ids: Vec<_> = entries.iter().map(|entry| entry.branch).collect();
    ids.sort_unstable();
    ids.dedup();
    let owned: Vec<(BranchId, ChatId, bool, bool)> = on!(session, |c| {
        branches::table
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(any_of(branches::branch_id, ids).and(branches::owner_id.eq(owner)))
            .select((
                branches::branch_id,
                branches::root_chat_id,
                branches::deleted_at.is_null(),
                TRUNKS.field(branches::deleted_at).is_null(),
            ))
            .load(c)
            .await
    })?;
    let visible = owned.into_iter().filter(|(.., lives, trunk_lives)| *lives && *trunk_lives);
    Ok(visible.map(|(branch, chat, ..)| (branch, chat)).collect())
}

/// Reads the chosen messages in their order.
async fn read(session: &mut Session, chosen: &[(Entry, ChatId)]) -> Result<Vec<Message>, Error> {
    let ids: Vec<_> = chosen.iter().map(|(entry, _)| entry.id).collect();
    let rows: Vec<MessageRow> = on!(session, |c| {
        messages::table
            .filter(any_of(messages::response_id, ids.iter().copied()))
            .select(MessageRow::as_select())
            .load(c)
            .await
    })?;
    let chats: HashMap<_, _> = chosen.iter().map(|(entry, chat)| (entry.id, *chat)).collect();
    let with_parents: HashSet<_> = rows.iter().filter_map(|row| row.parent_response_id).chain(ids).collect();
    let with_parents: Vec<_> = with_parents.into_iter().collect();
    let mut forks = message_forks::of_messages(session, &with_parents).await?;
    let siblings = rows.iter().filter_map(|row| Some(Sibling::of(*chats.get(&row.response_id)?, row)));
    let versions = versions::of_messages(session, siblings, &forks).await?;
    let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.response_id, row)).collect();
    let message = |(entry, chat): &(Entry, ChatId)| {
        let forks = forks.remove(&entry.id).unwrap_or_default();
        // Those that were deleted meanwhile are left out.
        let version = versions.get(&entry.id).copied();
        rows.remove(&entry.id).map(|row| row.into_message(*chat, forks).with_version(version))
    };
    Ok(chosen.iter().filter_map(message).collect())
}
