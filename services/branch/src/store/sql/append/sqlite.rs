//! Appending in statements, within a transaction.

use super::outcome::{AppendedTo, Outcome};
use crate::error::Error;
use crate::store::AppendRequest;
use crate::store::sql::conditions::LineOf;
use crate::store::sql::monotonic_time::MonotonicTime;
use crate::store::sql::rows::NewMessageRow;
use crate::store::sql::schema::{branches, messages};
use diesel::SqliteConnection;
use diesel::prelude::*;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};

pub(super) fn append(
    connection: &mut SqliteConnection,
    new: &AppendRequest,
    id: ResponseId,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let Some(line) = raise_head(connection, new, id)? else { return Ok(Outcome::NoLine) };
    if let Some(key) = &new.key {
        // Before the head is compared, else the second of two equal requests would be told that it has moved.
        let made = messages::table.filter(messages::key_id.eq(key.id)).select(messages::depth);
        if made.first::<i64>(connection).optional()?.is_some() {
            return Ok(Outcome::Exists);
        }
    }
    let parent = line.before_head_id;
    if !new.expected_head.allows(parent) {
        return Ok(Outcome::HeadMoved { branch: line.branch_id, head: parent });
    }
    let created_at = MonotonicTime { now: now.max(line.created_at), after: parent };
    let row = (row(new, id, &line), messages::created_at.eq(created_at));
    let insert = diesel::insert_into(messages::table).values(row).returning(messages::created_at);
    let RaisedHead { root_chat_id: chat, branch_id: branch, head_depth: depth, .. } = line;
    let created_at = insert.get_result(connection)?;
    Ok(Outcome::Appended(AppendedTo { chat, branch, parent, depth, created_at }))
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

fn raise_head(
    connection: &mut SqliteConnection,
    new: &AppendRequest,
    id: ResponseId,
) -> QueryResult<Option<RaisedHead>> {
    let line = LineOf { owner: new.owner, target: new.target, named: new.branch };
    let line = branches::table.filter(branches::branch_id.eq(line)).filter(branches::deleted_at.is_null());
    let raised = (
        branches::head_depth.eq(branches::head_depth + 1),
        branches::before_head_id.eq(branches::head_response_id),
        branches::head_response_id.eq(Some(id)),
    );
    let update = diesel::update(line).set(raised).returning(RaisedHead::as_returning());
    update.get_result(connection).optional()
}

fn row<'r>(new: &'r AppendRequest, id: ResponseId, line: &RaisedHead) -> NewMessageRow<'r> {
    NewMessageRow {
        response_id: id,
        branch_id: line.branch_id,
        depth: line.head_depth,
        parent_response_id: line.before_head_id,
        owner_id: new.owner,
        text_bytes: new.stored_text_bytes(),
        key_id: new.key.as_ref().map(|key| key.id),
        request_hash: new.key.as_ref().map(|key| &key.hash),
        metadata: new.metadata.as_str(),
        question: new.question.as_str(),
        response: new.response.as_str(),
        copied_from: None,
    }
}
