//! Messages by id, by idempotency key, and by user.

use super::conditions::IsOlder;
use super::engine::SqlEngine;
use super::message_forks;
use super::rows::MessageRow;
use super::schema::{TRUNKS, branches, messages};
use crate::domain::Message;
use crate::error::Error;
use crate::store::selection::text_bytes;
use crate::store::selection::{Entry, select};
use crate::store::{MessagePage, TimePosition};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::Timestamp;
use shared::idempotency::{IdempotencyKey, RequestHash};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared_store::Store;
use shared_store::on;
use std::collections::HashMap;

impl SqlEngine {
    pub(crate) async fn read_message(&self, owner: UserId, id: ResponseId) -> Result<Option<Message>, Error> {
        let found: Option<(MessageRow, ChatId)> = on!(&self.store, |c| {
            messages::table
                .inner_join(branches::table)
                .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
                .filter(messages::response_id.eq(id).and(messages::owner_id.eq(owner)))
                .filter(branches::deleted_at.is_null().and(TRUNKS.field(branches::deleted_at).is_null()))
                .select((MessageRow::as_select(), branches::root_chat_id))
                .first(c)
                .await
                .optional()
        })?;
        let Some((row, chat)) = found else { return Ok(None) };
        let forks = message_forks::of_messages(&self.store, &[id]).await?.remove(&id).unwrap_or_default();
        Ok(Some(row.into_message(chat, forks)))
    }

    pub(crate) async fn replay_message(&self, key: &IdempotencyKey) -> Result<Option<Message>, Error> {
        let query = messages::table.filter(messages::key_id.eq(key.id)).select((
            messages::response_id,
            messages::owner_id,
            messages::request_hash,
        ));
        let made: Option<(ResponseId, UserId, Option<RequestHash>)> =
            on!(&self.store, |c| query.first(c).await.optional())?;
        let Some((id, owner, hash)) = made else { return Ok(None) };
        if hash.as_ref() != Some(&key.hash) {
            return Err(Error::KeyReused);
        }
        self.read_message(owner, id).await?.map(Some).ok_or(Error::MessageNotFound)
    }

    pub(crate) async fn list_messages(
        &self,
        owner: UserId,
        after: Option<TimePosition>,
        limit: usize,
    ) -> Result<MessagePage<TimePosition>, Error> {
        let (chosen, next) = select(after, limit, |after, count| async move {
            let entries = entries(&self.store, owner, after, count).await?;
            let visible = chats_of(&self.store, owner, &entries).await?;
            let chat = |entry: Entry| (entry, visible.get(&entry.branch).copied());
            Ok(entries.into_iter().map(chat).collect())
        })
        .await?;
        let bytes = text_bytes(chosen.iter().map(|(entry, _)| entry.bytes));
        // Twice: the driver's buffers beside the rows, and later the written part of the answer beside the unwritten.
        let memory = self.memory.reserve(2 * bytes).await?;
        let items = read(&self.store, &chosen).await?;
        Ok(MessagePage { items, next, memory })
    }
}

async fn entries(
    store: &Store,
    owner: UserId,
    after: Option<TimePosition>,
    count: usize,
) -> Result<Vec<Entry>, Error> {
    let query = messages::table
        .filter(messages::owner_id.eq(owner))
        .order((messages::created_at.desc(), messages::response_id.desc()))
        .limit(i64::try_from(count).unwrap_or(i64::MAX))
        .select((messages::response_id, messages::branch_id, messages::created_at, messages::text_bytes));
    let rows: Vec<(ResponseId, BranchId, Timestamp, i64)> = match after {
        None => on!(store, |c| query.load(c).await)?,
        Some(after) => on!(store, |c| query.filter(IsOlder(after)).load(c).await)?,
    };
    let entry = |(id, branch, created_at, bytes)| Entry { id, branch, created_at, bytes };
    Ok(rows.into_iter().map(entry).collect())
}

/// The chats of the branches that the owner can see.
async fn chats_of(
    store: &Store,
    owner: UserId,
    entries: &[Entry],
) -> Result<HashMap<BranchId, ChatId>, Error> {
    let mut ids: Vec<_> = entries.iter().map(|entry| entry.branch).collect();
    ids.sort_unstable();
    ids.dedup();
    let visible: Vec<(BranchId, ChatId)> = on!(store, |c| {
        branches::table
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(branches::branch_id.eq_any(&ids).and(branches::owner_id.eq(owner)))
            .filter(branches::deleted_at.is_null().and(TRUNKS.field(branches::deleted_at).is_null()))
            .select((branches::branch_id, branches::root_chat_id))
            .load(c)
            .await
    })?;
    Ok(visible.into_iter().collect())
}

/// Reads the chosen messages in their order.
async fn read(store: &Store, chosen: &[(Entry, ChatId)]) -> Result<Vec<Message>, Error> {
    let ids: Vec<_> = chosen.iter().map(|(entry, _)| entry.id).collect();
    let rows: Vec<MessageRow> = on!(store, |c| {
        messages::table
            .filter(messages::response_id.eq_any(&ids))
            .select(MessageRow::as_select())
            .load(c)
            .await
    })?;
    let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.response_id, row)).collect();
    let mut forks = message_forks::of_messages(store, &ids).await?;
    let message = |(entry, chat): &(Entry, ChatId)| {
        let forks = forks.remove(&entry.id).unwrap_or_default();
        // Those that were deleted meanwhile are left out.
        rows.remove(&entry.id).map(|row| row.into_message(*chat, forks))
    };
    Ok(chosen.iter().filter_map(message).collect())
}
