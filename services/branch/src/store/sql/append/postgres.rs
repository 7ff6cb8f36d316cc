//! Appending in one call of a function.

use super::outcome::{AppendedTo, Outcome};
use crate::domain::ExpectedHead;
use crate::error::Error;
use crate::store::AppendRequest;
use crate::store::sql::functions::append_to_line;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared_store::StoreError;

type Row = (
    String,
    Option<ChatId>,
    Option<BranchId>,
    Option<ResponseId>,
    Option<i64>,
    Option<Timestamp>,
    Option<bool>,
);

pub(super) async fn append(
    connection: &mut AsyncPgConnection,
    new: &AppendRequest,
    id: ResponseId,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let (expects_head, expected_head) = match new.expected_head {
        ExpectedHead::Any => (false, None),
        ExpectedHead::Exactly(head) => (true, head),
    };
    let (key, hash) = new.key.as_ref().map(|key| (key.id, &key.hash)).unzip();
    let call = append_to_line(
        new.owner,
        new.target,
        new.branch,
        expects_head,
        expected_head,
        id,
        now,
        key,
        hash,
        new.stored_text_bytes(),
        new.metadata.as_str(),
        new.question.as_str(),
        new.response.as_str(),
        new.details.generation.as_deref(),
        new.details.input_items.as_deref(),
        new.details.output_items.as_deref(),
    );
    let row: Row = diesel::select(call).get_result(connection).await?;
    let (outcome, chat, branch, parent, depth, created_at, has_siblings) = row;
    match (outcome.as_str(), chat, branch, depth, created_at) {
        ("appended", Some(chat), Some(branch), Some(depth), Some(created_at)) => {
            let has_siblings = has_siblings.unwrap_or(true);
            Ok(Outcome::Appended(AppendedTo { chat, branch, parent, depth, created_at, has_siblings }))
        }
        ("no_line", ..) => Ok(Outcome::NoLine),
        ("exists", ..) => Ok(Outcome::Exists),
        ("head_moved", _, Some(branch), ..) => Ok(Outcome::HeadMoved { branch, head: parent }),
        (other, ..) => Err(StoreError::Failed(format!("append_to_line returned {other:?}").into()).into()),
    }
}
