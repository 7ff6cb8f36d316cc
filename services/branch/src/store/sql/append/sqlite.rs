//! Appending in statements, within a transaction.

use super::outcome::{AppendedTo, Outcome};
use super::raise_head::{RaiseHead, RaisedHead};
use crate::domain::preview;
use crate::error::Error;
use crate::store::AppendRequest;
use crate::store::sql::conditions::LineOf;
use crate::store::sql::rows::NewMessageRow;
use crate::store::sql::schema::{branches, messages};
use diesel::SqliteConnection;
use diesel::prelude::*;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};

pub(super) fn append(
    connection: &mut SqliteConnection,
    new: &AppendRequest,
    id: ResponseId,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let line = LineOf { owner: new.owner, target: new.target, named: new.branch };
    let raised = RaiseHead { line, id, now }.get_result::<RaisedHead>(connection).optional()?;
    let Some(line) = raised else { return Ok(Outcome::NoLine) };
    if let Some(key) = &new.key {
        // Before the head is compared, else the second of two equal requests would be told that it has moved.
        let made = messages::table.filter(messages::key_id.eq(key.id)).select(messages::depth);
        if made.first::<i64>(connection).optional()?.is_some() {
            return Ok(Outcome::Exists);
        }
    }
    let parent = line.head_before;
    if !new.expected_head.allows(parent) {
        return Ok(Outcome::HeadMoved { branch: line.branch, head: parent });
    }
    let insert = diesel::insert_into(messages::table).values(row(new, id, &line));
    if insert.on_conflict_do_nothing().execute(connection)? == 0 {
        return Ok(Outcome::Exists);
    }
    if line.is_first() {
        describe_first_message(connection, new, id, &line)?;
    }
    let RaisedHead { chat, branch, head_depth: depth, message_at: created_at, .. } = line;
    let has_siblings = may_have_siblings(connection, parent)?;
    Ok(Outcome::Appended(AppendedTo { chat, branch, parent, depth, created_at, has_siblings }))
}

/// Describes the first message that a branch owns in the row of the branch.
fn describe_first_message(
    connection: &mut SqliteConnection,
    new: &AppendRequest,
    id: ResponseId,
    line: &RaisedHead,
) -> QueryResult<usize> {
    let first = (
        branches::first_response_id.eq(Some(id)),
        branches::first_message_at.eq(Some(line.message_at)),
        branches::preview.eq(Some(preview(new.question.as_str()))),
    );
    diesel::update(branches::table.find(line.branch)).set(first).execute(connection)
}

/// Whether messages with this parent may have other versions: whether anything forks from it.
fn may_have_siblings(connection: &mut SqliteConnection, parent: Option<ResponseId>) -> QueryResult<bool> {
    let Some(parent) = parent else { return Ok(true) };
    let forks = branches::table.filter(branches::forked_from.eq(parent).and(branches::deleted_at.is_null()));
    let fork = forks.select(branches::branch_id).first::<BranchId>(connection).optional()?;
    Ok(fork.is_some())
}

fn row<'r>(new: &'r AppendRequest, id: ResponseId, line: &RaisedHead) -> NewMessageRow<'r> {
    NewMessageRow {
        response_id: id,
        branch_id: line.branch,
        root_chat_id: line.chat,
        depth: line.head_depth,
        parent_response_id: line.head_before,
        owner_id: new.owner,
        created_at: line.message_at,
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
