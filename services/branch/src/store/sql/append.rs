//! Appending: the line's row is locked, its head raised, and the message inserted, in one transaction.

use super::abort::Abort;
use super::conditions::LineOf;
use super::engine::SqlEngine;
use super::lookup::missing_line;
use super::monotonic_time::MonotonicTime;
use super::rows::NewMessageRow;
use super::schema::{branches, messages};
use crate::domain::Message;
use crate::error::Error;
use crate::store::navigation::MAX_ATTEMPTS_ON_ACTIVE_BRANCH;
use crate::store::{AppendRequest, NewMessage};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::{Clock, Timestamp};
use shared::idempotency::Created;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared_store::{RunQueryDsl, Session, on};
use std::sync::Arc;

impl SqlEngine {
    pub(crate) async fn append(&self, request: &AppendRequest) -> Result<Created<Message>, Error> {
        let request = Arc::new(request.clone());
        let mut attempt = 1;
        loop {
            let (row, clock) = (request.branch.unwrap_or(request.target), self.clock.clone());
            let new = Arc::clone(&request);
            let inserted = self.write_sized([row], request.text_bytes(), |session| {
                async move { insert(session, &new, &clock).await }.boxed()
            });
            match inserted.await {
                Ok(message) => return Ok(Created::new(message)),
                Err(Abort::Refused(Error::BranchNotFound))
                    if request.branch.is_none() && attempt < MAX_ATTEMPTS_ON_ACTIVE_BRANCH =>
                {
                    attempt += 1;
                }
                Err(Abort::Refused(error)) => return Err(error),
                Err(Abort::Exists) => {
                    let made = match &request.key {
                        Some(key) => self.replay_message(key).await?,
                        None => None,
                    };
                    return made.map(Created::replayed).ok_or(Error::MessageNotFound);
                }
            }
        }
    }
}

async fn insert(session: &mut Session, new: &Arc<AppendRequest>, clock: &Clock) -> Result<Message, Abort> {
    let id = ResponseId::generate();
    let line = LineOf { owner: new.owner, target: new.target, named: new.branch };
    // Locks the line: other appends to it wait from here on.
    let raised: Option<RaisedHead> = on!(session, |c| {
        let line =
            branches::table.filter(branches::branch_id.eq(line)).filter(branches::deleted_at.is_null());
        let raised = (
            branches::head_depth.eq(branches::head_depth + 1),
            branches::before_head_id.eq(branches::head_response_id),
            branches::head_response_id.eq(Some(id)),
        );
        diesel::update(line).set(raised).returning(RaisedHead::as_returning()).get_result(c).await.optional()
    })?;
    let Some(line) = raised else {
        return Err(missing_line(session, new.owner, new.target).await?.into());
    };
    if let Some(key) = &new.key {
        // Before the head is compared, else the second of two equal requests would be told that it has moved.
        let made = messages::table.filter(messages::key_id.eq(key.id)).select(messages::depth);
        let made: Option<i64> = on!(session, |c| made.first(c).await.optional())?;
        if made.is_some() {
            return Err(Abort::Exists);
        }
    }
    let parent = line.before_head_id;
    if !new.expected_head.allows(parent) {
        return Err(Error::HeadMoved { head: parent }.into());
    }
    let message = NewMessage { chat: line.root_chat_id, branch: line.branch_id, request: Arc::clone(new) };
    // Read under the lock, in a later statement: the snapshot of the waiting statement is from before the wait.
    let created_at = MonotonicTime { now: clock.now().max(line.created_at), after: parent };
    let row = (row(&message, id, line.head_depth, parent), messages::created_at.eq(created_at));
    let inserted = diesel::insert_into(messages::table).values(row);
    let inserted = inserted.on_conflict(messages::key_id).do_nothing().returning(messages::created_at);
    let created_at: Option<Timestamp> = on!(session, |c| inserted.get_result(c).await.optional())?;
    let created_at = created_at.ok_or(Abort::Exists)?;
    Ok(message.message(id, line.head_depth, parent, created_at))
}

/// A line whose head was raised.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = branches)]
struct RaisedHead {
    branch_id: BranchId,
    root_chat_id: ChatId,
    head_depth: i64,
    before_head_id: Option<ResponseId>,
    created_at: Timestamp,
}

fn row(
    new: &NewMessage,
    response_id: ResponseId,
    depth: i64,
    parent_response_id: Option<ResponseId>,
) -> NewMessageRow<'_> {
    let request = &*new.request;
    NewMessageRow {
        response_id,
        branch_id: new.branch,
        depth,
        parent_response_id,
        owner_id: request.owner,
        text_bytes: new.text_bytes(),
        key_id: request.key.as_ref().map(|key| key.id),
        request_hash: request.key.as_ref().map(|key| &key.hash),
        metadata: request.metadata.as_str(),
        question: request.question.as_str(),
        response: request.response.as_str(),
    }
}
