//! `PUT /internal/activity`, for the branch service.

use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared::chat_activity::ChatActivity;
use shared::validation::{Field, Reason, Value};
use shared_web::caller::Caller;
use shared_web::input::{Body, Fields, FromFields, Input, Invalid};
use shared_web::openapi::Msg;

/// The most chats of a request.
const MAX_CHATS_PER_REQUEST: usize = 500;

/// The activity of some chats.
#[derive(Debug)]
pub struct ActivityReport {
    chats: Vec<ChatActivity>,
}

impl FromFields for ActivityReport {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        fields.required("chats").map(|ReportedChats(chats)| Self { chats })
    }
}

struct ReportedChats(Vec<ChatActivity>);

impl Field for ReportedChats {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let chats: Option<Vec<_>> = value.json().and_then(|json| serde_json::from_str(json).ok());
        let chats = chats.ok_or_else(|| Reason::value_error("this is no activity of chats"))?;
        if chats.len() > MAX_CHATS_PER_REQUEST {
            let msg = format!("List should have at most {MAX_CHATS_PER_REQUEST} items");
            return Err(Reason::new("too_long", msg));
        }
        Ok(Self(chats))
    }
}

/// Stores the activity of chats. Idempotent.
///
/// The body is `{"chats": [{chat_id, version, active_branch_id, message_count, last_message_at, changed_at}]}`, of up to 500 chats. Values
/// are absolute, may repeat, and may come in any order:
///
/// - `version` is a number that the branch service takes before it reads the values of a chat, and that is never lower for what is read
///   later: the time of its database in microseconds, for instance. `active_branch_id` and `message_count` are those of the report with
///   the highest version (last writer wins). Those of the same version replace each other, so that a sender with a coarse clock only has
///   to read once more.
/// - `last_message_at` (null where nothing was ever said) and `changed_at` are the latest of all reports, whatever their version: neither
///   goes back because a branch was deleted, or because a report came late.
///
/// A chat that is deleted or unknown is left out. `updated_at` of a chat stays.
#[utoipa::path(put, path = "/internal/activity")]
pub async fn put_activity(
    _: Caller,
    state: Data<State>,
    Input { body, .. }: Body<ActivityReport>,
) -> Result<Json<Msg>, Error> {
    store::record_activity(&state.store, body.chats).await?;
    Ok(Json(Msg { msg: "Activity recorded" }))
}
