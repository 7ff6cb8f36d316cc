//! The forks of messages.

use super::schema::branches;
use crate::domain::Forks;
use crate::error::Error;
use crate::store::navigation::MAX_LISTED_FORKS;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text};
use diesel::sqlite::Sqlite;

use shared::ids::{BranchId, ResponseId};
use shared::sql_types::Uid;
use shared_store::{IdArray, RunQueryDsl, Session, on};
use std::collections::HashMap;

/// The forks of messages.
pub(super) type ForksByMessage = HashMap<ResponseId, Forks>;

/// The forks of these messages, without entries for those that have none.
pub(super) async fn of_messages(
    session: &mut Session,
    messages: &[ResponseId],
) -> Result<ForksByMessage, Error> {
    if messages.is_empty() {
        return Ok(HashMap::new());
    }
    let oldest = OldestForks { messages: messages.iter().copied().collect(), of_each: MAX_LISTED_FORKS + 1 };
    let rows: Vec<(ResponseId, BranchId)> = on!(session, |c| oldest.load(c).await)?;
    let mut forks = HashMap::<_, Forks>::new();
    for (message, branch) in rows {
        let forks = forks.entry(message).or_default();
        forks.count += 1;
        if forks.count <= MAX_LISTED_FORKS {
            forks.oldest.push(branch);
        }
    }
    for (message, forks) in &mut forks {
        if forks.count > MAX_LISTED_FORKS {
            forks.count = count(session, *message).await?;
        }
    }
    Ok(forks)
}

async fn count(session: &mut Session, message: ResponseId) -> Result<i64, Error> {
    let query = branches::table.filter(branches::forked_from.eq(message).and(branches::deleted_at.is_null()));
    Ok(on!(session, |c| query.count().get_result(c).await)?)
}

/// The oldest forks of each of these messages, oldest first, as (message, branch).
///
/// The engines cannot choose another way than the index of each message's forks, as in [`messages_in`](super::messages_in::messages_in).
#[derive(Debug, Clone)]
struct OldestForks {
    messages: IdArray<ResponseId>,
    of_each: i64,
}

impl QueryFragment<Sqlite> for OldestForks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("SELECT branches.forked_from, branches.branch_id FROM json_each(");
        out.push_bind_param::<Text, _>(&self.messages)?;
        out.push_sql(
            ") AS messages CROSS JOIN branches ON branches.branch_id IN (SELECT forks.branch_id FROM branches AS forks \
             WHERE forks.forked_from = unhex(messages.value, '-') AND forks.deleted_at IS NULL \
             ORDER BY forks.created_at, forks.branch_id LIMIT ",
        );
        out.push_bind_param::<BigInt, _>(&self.of_each)?;
        out.push_sql(") ORDER BY branches.forked_from, branches.created_at, branches.branch_id");
        Ok(())
    }
}

impl QueryFragment<Pg> for OldestForks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT forks.forked_from, forks.branch_id FROM unnest(");
        out.push_bind_param::<Array<Uid>, _>(&self.messages)?;
        out.push_sql(
            ") AS messages (response_id) CROSS JOIN LATERAL (SELECT forked_from, created_at, branch_id FROM branches \
             WHERE forked_from = messages.response_id AND deleted_at IS NULL ORDER BY created_at, branch_id LIMIT ",
        );
        out.push_bind_param::<BigInt, _>(&self.of_each)?;
        out.push_sql(") AS forks ORDER BY forks.forked_from, forks.created_at, forks.branch_id");
        Ok(())
    }
}

impl Query for OldestForks {
    type SqlType = (Uid, Uid);
}

impl QueryId for OldestForks {
    type QueryId = Self;
}

impl diesel::RunQueryDsl<SqliteConnection> for OldestForks {}
