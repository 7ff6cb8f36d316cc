//! The versions of messages: the messages that have the same parent. Ranks are counts in the index of the first messages of branches.

use super::inherited_lines::{chats_of, inherited_lines};
use super::message_forks::ForksByMessage;
use crate::domain::Version;
use crate::error::Error;
use crate::store::inherited_line::{BranchPlace, InheritedLine};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::sqlite::Sqlite;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared::sql_types::{Instant, Uid};
use shared_store::{RunQueryDsl, Session, on};
use std::collections::HashMap;

/// The versions of messages, by message. Those that are missing have no other.
pub(super) type Versions = HashMap<ResponseId, Version>;

/// A message to rank among its versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sibling {
    pub(super) id: ResponseId,
    /// The chat in which it is read.
    pub(super) chat: ChatId,
    pub(super) created_at: Timestamp,
    pub(super) depth: i64,
    /// None for a first message.
    pub(super) parent: Option<ResponseId>,
}

impl Sibling {
    /// What the branches fork from that begin with its versions, as the index has it: the parent, or the chat.
    fn origin(&self) -> ResponseId {
        self.parent.unwrap_or_else(|| ResponseId::from(self.chat.as_uuid()))
    }
}

/// Ranks messages among their versions. The forks of their parents are known. It takes no query where there are none, and no message
/// is a first one. `inherited` is that of the chat in which all of them are read, if it is known.
pub(super) async fn of_messages(
    session: &mut Session,
    messages: impl IntoIterator<Item = Sibling>,
    forks: &ForksByMessage,
    inherited: Option<&InheritedLine>,
) -> Result<Versions, Error> {
    let is_ranked =
        |message: &Sibling| message.parent.is_none_or(|parent| forks.contains_key(&(parent, message.chat)));
    rank(session, messages.into_iter().filter(is_ranked).collect(), inherited).await
}

/// Ranks a message whose parent may have forks among its versions.
pub(super) async fn of_message(
    session: &mut Session,
    message: Sibling,
    inherited: Option<&InheritedLine>,
) -> Result<Option<Version>, Error> {
    Ok(rank(session, Vec::from([message]), inherited).await?.remove(&message.id))
}

/// Ranks messages among their versions.
pub(super) async fn rank(
    session: &mut Session,
    messages: Vec<Sibling>,
    known: Option<&InheritedLine>,
) -> Result<Versions, Error> {
    if messages.is_empty() {
        return Ok(Versions::new());
    }
    let read = match known {
        Some(_) => HashMap::new(),
        None => inherited_lines(session, messages.iter().map(|message| message.chat)).await?,
    };
    let line = |chat: ChatId| known.or_else(|| read.get(&chat));
    let may_be_inherited =
        |message: &&Sibling| line(message.chat).is_some_and(|line| message.depth <= line.depth() + 1);
    let parents = messages.iter().filter(may_be_inherited).filter_map(|message| message.parent);
    let chats = chats_of(session, parents.collect()).await?;
    let mut ranks = Ranks::default();
    for message in messages {
        let has_own_parent =
            message.parent.is_some_and(|parent| chats.get(&parent).is_none_or(|chat| *chat == message.chat));
        let next = match line(message.chat).filter(|line| !has_own_parent && line.depth() > 0) {
            // The message that follows an inherited parent on the inherited line.
            Some(inherited) => Some(inherited.place(&mut *session, message.depth).await?),
            None => None,
        };
        ranks.add(&message, next);
    }
    let rows: Vec<(ResponseId, i64, i64)> = on!(session, |c| ranks.load(c).await)?;
    Ok(rows.into_iter().map(|(id, before, count)| (id, Version { number: before + 1, count })).collect())
}

/// The numbers of versions before each of these messages, and of all, as (message, before, all).
///
/// The versions of a message are the first messages of the branches that fork from its parent, and the message that follows the
/// parent on the parent's own branch. Those of a first message are the first messages of the branches that fork from nothing, the
/// trunk among them.
#[derive(Debug, Clone, Default)]
struct Ranks {
    ids: Vec<ResponseId>,
    times: Vec<Timestamp>,
    chats: Vec<ChatId>,
    origins: Vec<ResponseId>,
    /// The places of the messages that follow the parents, where these are inherited from another chat.
    next_branches: Vec<Option<BranchId>>,
    next_depths: Vec<Option<i64>>,
}

impl Ranks {
    fn add(&mut self, message: &Sibling, next: Option<BranchPlace>) {
        self.ids.push(message.id);
        self.times.push(message.created_at);
        self.chats.push(message.chat);
        self.origins.push(message.origin());
        self.next_branches.push(next.map(|next| next.branch));
        self.next_depths.push(next.map(|next| next.depth));
    }
}

/// An array of `[message, chat, origin, next_branch, next_depth]` as JSON.
impl ToSql<Text, Sqlite> for Ranks {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let next = self.next_branches.iter().zip(&self.next_depths);
        let items = self.ids.iter().zip(&self.chats).zip(&self.origins).zip(next);
        let item = |(((id, chat), origin), (branch, depth)): (((&_, &_), &_), (&Option<_>, &Option<_>))| {
            serde_json::json!([id, chat, origin, branch, depth])
        };
        out.set_value(serde_json::to_string(&items.map(item).collect::<Vec<_>>())?);
        Ok(IsNull::No)
    }
}

impl QueryFragment<Sqlite> for Ranks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "SELECT one.response_id, \
             (SELECT COUNT(*) FROM branches WHERE root_chat_id = unhex(items.value ->> 1, '-') \
             AND COALESCE(forked_from, root_chat_id) = unhex(items.value ->> 2, '-') \
             AND deleted_at IS NULL AND first_response_id IS NOT NULL \
             AND (first_message_at, first_response_id) < (one.created_at, one.response_id)) \
             + COALESCE((following.created_at, following.response_id) < (one.created_at, one.response_id), 0), \
             (SELECT COUNT(*) FROM branches WHERE root_chat_id = unhex(items.value ->> 1, '-') \
             AND COALESCE(forked_from, root_chat_id) = unhex(items.value ->> 2, '-') \
             AND deleted_at IS NULL AND first_response_id IS NOT NULL) + (following.response_id IS NOT NULL) \
             FROM json_each(",
        );
        out.push_bind_param::<Text, _>(self)?;
        out.push_sql(
            ") AS items CROSS JOIN messages AS one ON one.response_id = unhex(items.value ->> 0, '-') \
             LEFT JOIN messages AS parents ON parents.response_id = one.parent_response_id \
             LEFT JOIN messages AS following \
             ON following.branch_id = COALESCE(unhex(items.value ->> 3, '-'), parents.branch_id) \
             AND following.depth = COALESCE(items.value ->> 4, parents.depth + 1)",
        );
        Ok(())
    }
}

impl QueryFragment<Pg> for Ranks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT items.response_id, \
             forks.before + CASE WHEN (following.created_at, following.response_id) \
             < (items.created_at, items.response_id) THEN 1 ELSE 0 END, \
             forks.total + CASE WHEN forks.begins_one AND following.response_id IS NULL THEN 0 ELSE 1 END FROM unnest(",
        );
        out.push_bind_param::<Array<Uid>, _>(&self.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Instant>, _>(&self.times)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Uid>, _>(&self.chats)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Uid>, _>(&self.origins)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Uid>>, _>(&self.next_branches)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.next_depths)?;
        // A message that begins no branch is the one that follows the parent: then nothing is looked up.
        out.push_sql(
            ") AS items (response_id, created_at, root_chat_id, origin, next_branch, next_depth) \
             CROSS JOIN LATERAL (SELECT COUNT(*) AS total, COUNT(*) FILTER (WHERE (first_message_at, first_response_id) \
             < (items.created_at, items.response_id)) AS before, COUNT(*) FILTER (WHERE first_response_id \
             = items.response_id) > 0 AS begins_one FROM branches WHERE root_chat_id = items.root_chat_id \
             AND COALESCE(forked_from, root_chat_id) = items.origin AND deleted_at IS NULL \
             AND first_response_id IS NOT NULL) AS forks \
             LEFT JOIN LATERAL (SELECT branch_id, depth FROM messages \
             WHERE forks.begins_one AND items.next_depth IS NULL AND response_id = items.origin OFFSET 0) AS parents ON TRUE \
             LEFT JOIN LATERAL (SELECT response_id, created_at FROM messages \
             WHERE branch_id = COALESCE(items.next_branch, parents.branch_id) \
             AND depth = COALESCE(items.next_depth, parents.depth + 1) OFFSET 0) AS following ON TRUE",
        );
        Ok(())
    }
}

impl Query for Ranks {
    type SqlType = (Uid, BigInt, BigInt);
}

impl QueryId for Ranks {
    type QueryId = Self;
}

impl diesel::RunQueryDsl<SqliteConnection> for Ranks {}
