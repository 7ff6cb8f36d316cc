//! The forks of messages.

use super::schema::branches;
use crate::domain::Forks;
use crate::error::Error;
use crate::store::navigation::MAX_LISTED_FORKS;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Array, BigInt, Text};
use diesel::sqlite::Sqlite;

use shared::ids::{BranchId, ChatId, ResponseId};
use shared::sql_types::Uid;
use shared_store::{RunQueryDsl, Session, on};
use std::collections::{HashMap, HashSet};

/// A message, and the chat in which it is read.
pub(super) type ReadIn = (ResponseId, ChatId);

/// The forks of messages in the chats in which they are read.
pub(super) type ForksByMessage = HashMap<ReadIn, Forks>;

/// The forks of these messages, without entries for those that have none.
pub(super) async fn of_messages(
    session: &mut Session,
    messages: impl IntoIterator<Item = ReadIn>,
) -> Result<ForksByMessage, Error> {
    let (messages, chats): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
    if messages.is_empty() {
        return Ok(HashMap::new());
    }
    let oldest = OldestForks { messages, chats, of_each: MAX_LISTED_FORKS + 1 };
    let rows: Vec<(ResponseId, ChatId, BranchId)> = on!(session, |c| oldest.load(c).await)?;
    let mut forks = HashMap::<_, Forks>::new();
    for (message, chat, branch) in rows {
        let forks = forks.entry((message, chat)).or_default();
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

/// Those of these messages that have forks in a chat.
pub(super) async fn forked(
    session: &mut Session,
    messages: impl IntoIterator<Item = ResponseId>,
    chat: ChatId,
) -> Result<HashSet<ResponseId>, Error> {
    let messages: Vec<_> = messages.into_iter().collect();
    if messages.is_empty() {
        return Ok(HashSet::new());
    }
    let chats = std::iter::repeat_n(chat, messages.len()).collect();
    let oldest = OldestForks { messages, chats, of_each: 1 };
    let rows: Vec<(ResponseId, ChatId, BranchId)> = on!(session, |c| oldest.load(c).await)?;
    Ok(rows.into_iter().map(|(message, ..)| message).collect())
}

async fn count(session: &mut Session, (message, chat): ReadIn) -> Result<i64, Error> {
    let query = branches::table
        .filter(branches::forked_from.eq(message).and(branches::root_chat_id.eq(chat)))
        .filter(branches::deleted_at.is_null().and(branches::parent_branch_id.is_not_null()));
    Ok(on!(session, |c| query.count().get_result(c).await)?)
}

/// The oldest forks of each of these messages in a chat, oldest first, as (message, chat, branch). The trunk of a chat that was forked
/// there is no fork of the message.
///
/// The engines cannot choose another way than the index of each message's forks, as in [`messages_in`](super::messages_in::messages_in).
#[derive(Debug, Clone)]
struct OldestForks {
    messages: Vec<ResponseId>,
    chats: Vec<ChatId>,
    of_each: i64,
}

/// An array of `[message, chat]` as JSON.
impl ToSql<Text, Sqlite> for OldestForks {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let items = self.messages.iter().zip(&self.chats);
        let items: Vec<_> = items.map(|(message, chat)| format!("[\"{message}\",\"{chat}\"]")).collect();
        out.set_value(format!("[{}]", items.join(",")));
        Ok(IsNull::No)
    }
}

impl QueryFragment<Sqlite> for OldestForks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "SELECT branches.forked_from, branches.root_chat_id, branches.branch_id FROM json_each(",
        );
        out.push_bind_param::<Text, _>(self)?;
        out.push_sql(
            ") AS messages CROSS JOIN branches ON branches.branch_id IN (SELECT forks.branch_id FROM branches AS forks \
             WHERE forks.forked_from = unhex(messages.value ->> 0, '-') \
             AND forks.root_chat_id = unhex(messages.value ->> 1, '-') \
             AND forks.deleted_at IS NULL AND forks.parent_branch_id IS NOT NULL \
             ORDER BY forks.created_at, forks.branch_id LIMIT ",
        );
        out.push_bind_param::<BigInt, _>(&self.of_each)?;
        out.push_sql(
            ") ORDER BY branches.forked_from, branches.root_chat_id, branches.created_at, branches.branch_id",
        );
        Ok(())
    }
}

impl QueryFragment<Pg> for OldestForks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT forks.forked_from, forks.root_chat_id, forks.branch_id FROM unnest(");
        out.push_bind_param::<Array<Uid>, _>(&self.messages)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Uid>, _>(&self.chats)?;
        out.push_sql(
            ") AS messages (response_id, root_chat_id) CROSS JOIN LATERAL (SELECT forked_from, root_chat_id, created_at, \
             branch_id FROM branches WHERE forked_from = messages.response_id AND root_chat_id = messages.root_chat_id \
             AND deleted_at IS NULL AND parent_branch_id IS NOT NULL ORDER BY created_at, branch_id LIMIT ",
        );
        out.push_bind_param::<BigInt, _>(&self.of_each)?;
        out.push_sql(
            ") AS forks ORDER BY forks.forked_from, forks.root_chat_id, forks.created_at, forks.branch_id",
        );
        Ok(())
    }
}

impl Query for OldestForks {
    type SqlType = (Uid, Uid, Uid);
}

impl QueryId for OldestForks {
    type QueryId = Self;
}

impl diesel::RunQueryDsl<SqliteConnection> for OldestForks {}
