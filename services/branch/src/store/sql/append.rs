//! Appending: the line's row is locked, its head raised, and the message inserted, in one transaction.

use super::abort::Abort;
use super::engine::SqlEngine;
use super::monotonic_time::MonotonicTime;
use super::rows::NewMessageRow;
use super::schema::{branches, messages};
use crate::domain::Message;
use crate::error::Error;
use crate::store::navigation::MAX_ATTEMPTS_ON_ACTIVE_BRANCH;
use crate::store::{AppendRequest, NewMessage};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::{Clock, Timestamp};
use shared::idempotency::Created;
use shared::ids::{BranchId, ResponseId};
use shared_store::Store;
use shared_store::tx;

impl SqlEngine {
    pub(crate) async fn append(&self, request: &AppendRequest) -> Result<Created<Message>, Error> {
        let mut attempt = 1;
        loop {
            let target = self.resolve(request.owner, request.target).await?.require()?;
            let new = request.for_branch(target.chat, target.branch_for(request.branch));
            match self.append_to_branch(&new).await {
                Err(Error::BranchNotFound)
                    if request.branch.is_none() && attempt < MAX_ATTEMPTS_ON_ACTIVE_BRANCH =>
                {
                    attempt += 1;
                }
                appended => return appended,
            }
        }
    }

    async fn append_to_branch(&self, new: &NewMessage) -> Result<Created<Message>, Error> {
        let inserted = self
            .run_with_row_mutexes([new.branch], |content| {
                let new = new.clone();
                async move { insert(&content.store, &content.clock, &new).await }
            })
            .await;
        match inserted {
            Ok(message) => Ok(Created::new(message)),
            Err(Abort::Refused(error)) => Err(error),
            Err(Abort::Exists) => {
                let made = match &new.key {
                    Some(key) => self.replay_message(key).await?,
                    None => None,
                };
                made.map(Created::replayed).ok_or(Error::MessageNotFound)
            }
        }
    }
}

async fn insert(store: &Store, clock: &Clock, new: &NewMessage) -> Result<Message, Abort> {
    let id = ResponseId::generate();
    tx!(store, |c| {
        // Locks the line: other appends to it wait from here on.
        let line = branches::table.find(new.branch).filter(branches::deleted_at.is_null());
        let line = line.filter(branches::root_chat_id.eq(new.chat).and(branches::owner_id.eq(new.owner)));
        let raised = (
            branches::head_depth.eq(branches::head_depth + 1),
            branches::before_head_id.eq(branches::head_response_id),
            branches::head_response_id.eq(Some(id)),
        );
        let raised = diesel::update(line).set(raised);
        let raised = raised.returning((branches::head_depth, branches::before_head_id, branches::created_at));
        let raised: Option<(i64, _, Timestamp)> = raised.get_result(c).await.optional()?;
        let (depth, parent, branch_created_at) = raised.ok_or(Error::BranchNotFound)?;
        if new.branch != new.chat.trunk() {
            let trunk = branches::table.find(new.chat.trunk()).filter(branches::deleted_at.is_null());
            let trunk = trunk.select(branches::branch_id).first::<BranchId>(c).await.optional()?;
            trunk.ok_or(Error::ChatNotFound)?;
        }
        if let Some(key) = &new.key {
            // Before the head is compared, else the second of two equal requests would be told that it has moved.
            let made = messages::table.filter(messages::key_id.eq(key.id)).select(messages::depth);
            if made.first::<i64>(c).await.optional()?.is_some() {
                return Err(Abort::Exists);
            }
        }
        if !new.expected_head.allows(parent) {
            return Err(Error::HeadMoved { head: parent }.into());
        }
        // Read under the lock, in a later statement: the snapshot of the waiting statement is from before the wait.
        let created_at = MonotonicTime { now: clock.now().max(branch_created_at), after: parent };
        let row = (row(new, id, depth, parent), messages::created_at.eq(created_at));
        let inserted = diesel::insert_into(messages::table).values(row);
        let inserted = inserted.on_conflict(messages::key_id).do_nothing().returning(messages::created_at);
        let created_at: Option<Timestamp> = inserted.get_result(c).await.optional()?;
        let created_at = created_at.ok_or(Abort::Exists)?;
        Ok(new.message(id, depth, parent, created_at))
    })
}

fn row(
    new: &NewMessage,
    response_id: ResponseId,
    depth: i64,
    parent_response_id: Option<ResponseId>,
) -> NewMessageRow<'_> {
    NewMessageRow {
        response_id,
        branch_id: new.branch,
        depth,
        parent_response_id,
        owner_id: new.owner,
        text_bytes: new.text_bytes(),
        key_id: new.key.as_ref().map(|key| key.id),
        request_hash: new.key.as_ref().map(|key| &key.hash),
        metadata: new.metadata.as_str(),
        question: new.question.as_str(),
        response: new.response.as_str(),
    }
}
