//! The activity of chats: what the branch service reports of their trees.
//!
//! Reports may repeat and come in any order, as each column takes of two values always the same one: the active branch and the number
//! of messages are registers of which the highest version wins, the times only rise.

use diesel::pg::Pg;
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use serde_json::{Value, json};
use shared::chat_activity::ChatActivity;
use std::collections::BTreeMap;
use std::io::Write as _;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::ChatId;
use shared_store::{RunQueryDsl, Store, StoreError, on};

/// Stores what was reported of living chats, in one statement. Other chats are left out.
pub async fn record_activity(store: &Store, reported: Vec<ChatActivity>) -> Result<(), StoreError> {
    let record = RecordActivity(Reports::of(reported));
    let recorded = store.write_statement(move |session| {
        async move { on!(session, |c| record.execute(c).await).map(drop) }.boxed()
    });
    recorded.await
}

/// One report for each chat. In the order of their ids, so that no two statements wait for each other's rows.
#[derive(Debug, Clone)]
struct Reports(BTreeMap<ChatId, ChatActivity>);

impl Reports {
    /// Of several reports of a chat, that with the highest version stays, with the latest times.
    fn of(reported: Vec<ChatActivity>) -> Self {
        let mut reports = BTreeMap::new();
        for report in reported {
            reports
                .entry(report.chat_id)
                .and_modify(|known: &mut ChatActivity| *known = known.join(report))
                .or_insert(report);
        }
        Self(reports)
    }

    /// An array of objects, with times as the engine reads them.
    fn to_json(&self, time: fn(Timestamp) -> Value) -> String {
        let reports = self.0.values().map(|report| {
            json!({
                "chat_id": report.chat_id,
                "version": report.version,
                "active_branch_id": report.active_branch_id,
                "message_count": report.message_count,
                "last_message_at": report.last_message_at.map(time),
                "changed_at": time(report.changed_at),
            })
        });
        reports.collect::<Value>().to_string()
    }
}

impl ToSql<Text, Sqlite> for Reports {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.to_json(|time| json!(time.as_micros())));
        Ok(IsNull::No)
    }
}

impl ToSql<Text, Pg> for Reports {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.to_json(|time| json!(time)).as_bytes())?;
        Ok(IsNull::No)
    }
}

/// The statement of [`record_activity`].
#[derive(Debug, Clone, QueryId)]
struct RecordActivity(Reports);

/// The columns of the highest version.
const REGISTERS: &str = "UPDATE chats SET \
    active_branch_id = CASE WHEN reports.version >= chats.activity_version THEN reports.active_branch_id ELSE chats.active_branch_id END, \
    message_count = CASE WHEN reports.version >= chats.activity_version THEN reports.message_count ELSE chats.message_count END, ";

impl QueryFragment<Sqlite> for RecordActivity {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(REGISTERS);
        // MAX of a NULL and another value is NULL.
        out.push_sql(
            "activity_version = MAX(chats.activity_version, reports.version), \
             last_message_at = MAX(IFNULL(chats.last_message_at, reports.last_message_at), \
             IFNULL(reports.last_message_at, chats.last_message_at)), \
             tree_changed_at = MAX(IFNULL(chats.tree_changed_at, reports.changed_at), reports.changed_at) \
             FROM (SELECT unhex(value ->> 'chat_id', '-') AS chat_id, value ->> 'version' AS version, \
             unhex(value ->> 'active_branch_id', '-') AS active_branch_id, value ->> 'message_count' AS message_count, \
             value ->> 'last_message_at' AS last_message_at, value ->> 'changed_at' AS changed_at FROM json_each(",
        );
        out.push_bind_param::<Text, _>(&self.0)?;
        out.push_sql(")) AS reports WHERE chats.id = reports.chat_id AND chats.deleted_at IS NULL");
        Ok(())
    }
}

impl QueryFragment<Pg> for RecordActivity {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(REGISTERS);
        // ANY leaves no join but lookups by the primary key, and whether a chat is deleted is asked behind SELECT: see docs/decisions/0014-plans-on-postgresql.md.
        out.push_sql(
            "activity_version = GREATEST(chats.activity_version, reports.version), \
             last_message_at = GREATEST(chats.last_message_at, reports.last_message_at), \
             tree_changed_at = GREATEST(chats.tree_changed_at, reports.changed_at) FROM jsonb_to_recordset(",
        );
        out.push_bind_param::<Text, _>(&self.0)?;
        out.push_sql(
            "::jsonb) AS reports (chat_id uuid, version bigint, active_branch_id uuid, message_count bigint, \
             last_message_at timestamptz, changed_at timestamptz) \
             WHERE chats.id = ANY (ARRAY[reports.chat_id]) AND (SELECT chats.deleted_at IS NULL)",
        );
        Ok(())
    }
}
