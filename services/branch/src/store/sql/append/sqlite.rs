//! Appending in statements, within a transaction.

use super::outcome::{AppendedTo, Outcome};
use crate::domain::preview;
use crate::error::Error;
use crate::store::AppendRequest;
use crate::store::sql::conditions::LineOf;
use crate::store::sql::monotonic_time::NextMessageTime;
use crate::store::sql::rows::NewMessageRow;
use crate::store::sql::schema::{branches, messages};
use diesel::SqliteConnection;
use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared::sql_types::Uid;

pub(super) fn append(
    connection: &mut SqliteConnection,
    new: &AppendRequest,
    id: ResponseId,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let Some(line) = raise_head(connection, new, id, now)? else { return Ok(Outcome::NoLine) };
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
    let created_at = line.last_message_at.unwrap_or(now);
    let insert = diesel::insert_into(messages::table).values(row(new, id, &line, created_at));
    if insert.on_conflict_do_nothing().execute(connection)? == 0 {
        return Ok(Outcome::Exists);
    }
    let RaisedHead { root_chat_id: chat, branch_id: branch, head_depth: depth, .. } = line;
    let has_siblings = may_have_siblings(connection, parent)?;
    Ok(Outcome::Appended(AppendedTo { chat, branch, parent, depth, created_at, has_siblings }))
}

/// Whether messages with this parent may have other versions: whether anything forks from it.
fn may_have_siblings(connection: &mut SqliteConnection, parent: Option<ResponseId>) -> QueryResult<bool> {
    let Some(parent) = parent else { return Ok(true) };
    let forks = branches::table.filter(branches::forked_from.eq(parent).and(branches::deleted_at.is_null()));
    let fork = forks.select(branches::branch_id).first::<BranchId>(connection).optional()?;
    Ok(fork.is_some())
}

/// A line whose head was raised.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = branches)]
struct RaisedHead {
    branch_id: BranchId,
    root_chat_id: ChatId,
    head_depth: i64,
    before_head_id: Option<ResponseId>,
    /// The time of the message that raises it.
    last_message_at: Option<Timestamp>,
}

fn raise_head(
    connection: &mut SqliteConnection,
    new: &AppendRequest,
    id: ResponseId,
    now: Timestamp,
) -> QueryResult<Option<RaisedHead>> {
    let line = LineOf { owner: new.owner, target: new.target, named: new.branch };
    let line = branches::table.filter(branches::branch_id.eq(line)).filter(branches::deleted_at.is_null());
    // All of them see the row as it was before.
    let is_first = || branches::head_depth.eq(branches::fork_depth);
    let (time, preview) = (NextMessageTime { now }, preview(new.question.as_str()));
    let raised = (
        branches::head_depth.eq(branches::head_depth + 1),
        branches::before_head_id.eq(branches::head_response_id),
        branches::head_response_id.eq(Some(id)),
        branches::last_message_at.eq(time),
        branches::first_response_id.eq(case_when(is_first(), Some(id).into_sql::<Nullable<Uid>>())
            .otherwise(branches::first_response_id)),
        branches::first_message_at.eq(case_when(is_first(), time).otherwise(branches::first_message_at)),
        branches::preview
            .eq(case_when(is_first(), Some(preview).into_sql::<Nullable<Text>>())
                .otherwise(branches::preview)),
    );
    let update = diesel::update(line).set(raised).returning(RaisedHead::as_returning());
    update.get_result(connection).optional()
}

fn row<'r>(
    new: &'r AppendRequest,
    id: ResponseId,
    line: &RaisedHead,
    created_at: Timestamp,
) -> NewMessageRow<'r> {
    NewMessageRow {
        response_id: id,
        branch_id: line.branch_id,
        root_chat_id: line.root_chat_id,
        depth: line.head_depth,
        parent_response_id: line.before_head_id,
        owner_id: new.owner,
        created_at,
        text_bytes: new.stored_text_bytes(),
        key_id: new.key.as_ref().map(|key| key.id),
        request_hash: new.key.as_ref().map(|key| &key.hash),
        metadata: new.metadata.as_str(),
        question: new.question.as_str(),
        response: new.response.as_str(),
        copied_from: None,
        question_preview: preview(new.question.as_str()),
        response_preview: preview(new.response.as_str()),
        generation: new.details.generation.as_deref(),
        input_items: new.details.input_items.as_deref(),
        output_items: new.details.output_items.as_deref(),
    }
}
