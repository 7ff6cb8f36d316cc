//! Appending: the line's row is locked, its head raised, and the message inserted, in one transaction.

use super::rows::NewMessageRow;
use super::schema::{branches, messages};
use super::{Abort, messages as stored};
use crate::domain::Message;
use crate::error::Error;
use crate::store::NewMessage;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::{Clock, Timestamp};
use shared::idempotency::Created;
use shared::ids::{BranchId, ResponseId};
use shared::store::Store;
use shared::tx;

pub(super) async fn append(
    store: &Store,
    clock: &Clock,
    new: &NewMessage,
) -> Result<Created<Message>, Error> {
    match insert(store, clock, new).await {
        Ok(message) => Ok(Created::new(message)),
        Err(Abort::Refused(error)) => Err(error),
        Err(Abort::Exists) => {
            let made = match &new.key {
                Some(key) => stored::replay(store, key).await?,
                None => None,
            };
            made.map(Created::replayed).ok_or(Error::MessageNotFound)
        }
    }
}

async fn insert(store: &Store, clock: &Clock, new: &NewMessage) -> Result<Message, Abort> {
    let id = ResponseId::generate();
    let key = new.key.as_ref();
    tx!(store, |c| {
        // The row is locked from here on: whoever appends to this line waits.
        let line = diesel::update(branches::table.find(new.branch))
            .filter(branches::root_chat_id.eq(new.chat).and(branches::owner_id.eq(new.owner)))
            .filter(branches::deleted_at.is_null())
            .set((
                branches::head_depth.eq(branches::head_depth + 1),
                branches::before_head_id.eq(branches::head_response_id),
                branches::head_response_id.eq(Some(id)),
            ))
            .returning((branches::head_depth, branches::before_head_id))
            .get_result::<(i64, Option<ResponseId>)>(c)
            .await
            .optional()?;
        let (depth, parent) = line.ok_or(Error::BranchNotFound)?;
        if new.branch != new.chat.trunk() {
            let trunk = branches::table.find(new.chat.trunk()).filter(branches::deleted_at.is_null());
            let trunk = trunk.select(branches::branch_id).first::<BranchId>(c).await.optional()?;
            trunk.ok_or(Error::ChatNotFound)?;
        }
        if let Some(key) = key {
            // Before the head is compared, else the second of two equal requests would be told that it has moved.
            let made = messages::table.filter(messages::key_id.eq(key.id)).select(messages::depth);
            if made.first::<i64>(c).await.optional()?.is_some() {
                return Err(Abort::Exists);
            }
        }
        if !new.expected_head.allows(parent) {
            return Err(Error::HeadMoved { head: parent }.into());
        }
        // Taken under the lock, so that times rise along the line.
        let created_at = clock.now();
        let row = row(new, id, depth, parent, created_at);
        let inserted =
            diesel::insert_into(messages::table).values(row).on_conflict(messages::key_id).do_nothing();
        if inserted.execute(c).await? == 0 {
            return Err(Abort::Exists);
        }
        Ok(new.message(id, depth, parent, created_at))
    })
}

fn row(
    new: &NewMessage,
    response_id: ResponseId,
    depth: i64,
    parent_response_id: Option<ResponseId>,
    created_at: Timestamp,
) -> NewMessageRow<'_> {
    NewMessageRow {
        response_id,
        branch_id: new.branch,
        depth,
        parent_response_id,
        owner_id: new.owner,
        created_at,
        text_bytes: new.text_bytes(),
        key_id: new.key.as_ref().map(|key| key.id),
        request_hash: new.key.as_ref().map(|key| &key.hash),
        metadata: new.metadata.as_str(),
        question: new.question.as_str(),
        response: new.response.as_str(),
    }
}
