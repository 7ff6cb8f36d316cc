//! Previews of the texts of messages. Those of old messages are filled in by the sweep, and computed until then.

use super::engine::SqlEngine;
use super::schema::messages;
use crate::error::Error;
use crate::store::SweepStep;
use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text};

use futures_util::FutureExt as _;
use shared::ids::ResponseId;
use shared_store::{RunQueryDsl, Session, any_of, on};

/// Messages of one step.
const ROWS_PER_STEP: i64 = 200;
/// Texts of one step, unless one message alone has more: SQLite writes them anew with the previews.
const TEXT_BYTES_PER_STEP: i64 = 4 << 20;

#[diesel::declare_sql_function]
extern "SQL" {
    fn substr(text: Text, from: Integer, count: Integer) -> Text;
    fn coalesce(stored: Nullable<Text>, computed: Text) -> Text;
}

/// The first [`PREVIEW_CHARACTERS`](crate::domain::PREVIEW_CHARACTERS) of a question.
#[auto_type]
fn computed_of_question() -> _ {
    substr(messages::question, 1_i32, 80_i32)
}

/// The same of a response.
#[auto_type]
fn computed_of_response() -> _ {
    substr(messages::response, 1_i32, 80_i32)
}

/// The previews of the question and of the response, stored ones or computed ones.
#[auto_type(no_type_alias)]
pub(super) fn previews() -> _ {
    (
        coalesce(messages::question_preview, computed_of_question()),
        coalesce(messages::response_preview, computed_of_response()),
    )
}

impl SqlEngine {
    /// Fills in the previews of some messages, unless all have theirs.
    pub(super) async fn fill_in_previews(&self) -> Result<SweepStep, Error> {
        let missing = self.store.read(|session| without_previews(session).boxed()).await?;
        if missing.is_empty() {
            return Ok(SweepStep::NothingDue);
        }
        self.run_step(|session| fill_in(session, missing).boxed()).await
    }
}

async fn without_previews(session: &mut Session) -> Result<Vec<ResponseId>, Error> {
    let query = messages::table
        .filter(messages::question_preview.is_null())
        .order(messages::response_id)
        .limit(ROWS_PER_STEP)
        .select((messages::response_id, messages::text_bytes));
    let rows: Vec<(ResponseId, i64)> = on!(session, |c| query.load(c).await)?;
    let mut bytes_before = 0;
    let fits = |(_, bytes): &(ResponseId, i64)| {
        let fits = bytes_before < TEXT_BYTES_PER_STEP;
        bytes_before += bytes;
        fits
    };
    Ok(rows.into_iter().take_while(fits).map(|(id, _)| id).collect())
}

async fn fill_in(session: &mut Session, ids: Vec<ResponseId>) -> Result<(), Error> {
    let previews = (
        messages::question_preview.eq(computed_of_question().nullable()),
        messages::response_preview.eq(computed_of_response().nullable()),
    );
    let update = diesel::update(messages::table.filter(any_of(messages::response_id, ids))).set(previews);
    on!(session, |c| update.execute(c).await)?;
    Ok(())
}
