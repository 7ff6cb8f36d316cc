//! Conditions that diesel cannot express.

use super::schema::messages;
use crate::domain::{BranchKey, Order};
use crate::store::{DeletionPosition, TimePosition};
use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::prelude::QueryResult;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Nullable};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::sql_types::{Instant, Uid};

/// Matches the branches after a key, as one range of the index (`root_chat_id`, level, `created_at`, id).
#[derive(Debug, Clone, Copy)]
pub(super) struct ComesAfter(pub(super) BranchKey);

impl<DB> QueryFragment<DB> for ComesAfter
where
    DB: Backend + HasSqlType<Uid> + HasSqlType<Instant>,
    BranchId: ToSql<Uid, DB>,
    Timestamp: ToSql<Instant, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("(branches.level, branches.created_at, branches.branch_id) > (");
        out.push_bind_param::<BigInt, _>(&self.0.level)?;
        out.push_sql(", ");
        out.push_bind_param::<Instant, _>(&self.0.created_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Uid, _>(&self.0.id)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Matches the branches whose first message comes after a position, as one range of the index of versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct BeginsAfter(pub(super) TimePosition);

impl<DB> QueryFragment<DB> for BeginsAfter
where
    DB: Backend + HasSqlType<Uid> + HasSqlType<Instant>,
    ResponseId: ToSql<Uid, DB>,
    Timestamp: ToSql<Instant, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("(branches.first_message_at, branches.first_response_id) > (");
        out.push_bind_param::<Instant, _>(&self.0.created_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Uid, _>(&self.0.id)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Matches the tombstones that come after a position, newest first, as one range of the index of deletions.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeletedBefore(pub(super) DeletionPosition);

impl<DB> QueryFragment<DB> for DeletedBefore
where
    DB: Backend + HasSqlType<Uid> + HasSqlType<Instant>,
    BranchId: ToSql<Uid, DB>,
    Timestamp: ToSql<Instant, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("(branches.deleted_at, branches.branch_id) < (");
        out.push_bind_param::<Instant, _>(&self.0.deleted_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Uid, _>(&self.0.id)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Matches the messages of a chat of the owner, or of all of them, after a position: one range of the index (`root_chat_id`,
/// `created_at`, id), or of (`owner_id`, `created_at`, id). A chat is one of the owner's, which is not asked here, lest the planner take
/// the other index.
#[derive(Debug, Clone, Copy)]
pub(super) struct IsListed {
    pub(super) owner: UserId,
    pub(super) chat: Option<ChatId>,
    pub(super) order: Order,
    pub(super) after: Option<TimePosition>,
}

impl<DB> QueryFragment<DB> for IsListed
where
    DB: Backend + HasSqlType<Uid> + HasSqlType<Instant>,
    UserId: ToSql<Uid, DB>,
    ChatId: ToSql<Uid, DB>,
    ResponseId: ToSql<Uid, DB>,
    Timestamp: ToSql<Instant, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if let Some(chat) = &self.chat {
            out.push_sql("messages.root_chat_id = ");
            out.push_bind_param::<Uid, _>(chat)?;
        } else {
            out.push_sql("messages.owner_id = ");
            out.push_bind_param::<Uid, _>(&self.owner)?;
        }
        if let Some(after) = &self.after {
            out.push_sql(match self.order {
                Order::Desc => " AND (messages.created_at, messages.response_id) < (",
                Order::Asc => " AND (messages.created_at, messages.response_id) > (",
            });
            out.push_bind_param::<Instant, _>(&after.created_at)?;
            out.push_sql(", ");
            out.push_bind_param::<Uid, _>(&after.id)?;
            out.push_sql(")");
        }
        Ok(())
    }
}

/// The id of the branch that a request is about: `named`, if it is one of the chat of the target; else the target, or for a
/// chat its active branch. NULL if the owner cannot see the target.
///
/// Whether rows are deleted is asked behind SELECT: in a WHERE it would let PostgreSQL, without statistics, read a partial index of all
/// living branches instead of the primary key.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineOf {
    pub(super) owner: UserId,
    pub(super) target: BranchId,
    pub(super) named: Option<BranchId>,
}

impl<DB> QueryFragment<DB> for LineOf
where
    DB: Backend + HasSqlType<Uid>,
    UserId: ToSql<Uid, DB>,
    BranchId: ToSql<Uid, DB>,
    Option<BranchId>: ToSql<Nullable<Uid>, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "(SELECT CASE WHEN targets.deleted_at IS NULL AND trunks.deleted_at IS NULL THEN lines.branch_id END \
             FROM branches AS targets \
             JOIN branches AS trunks ON trunks.branch_id = targets.root_chat_id \
             JOIN branches AS lines ON lines.branch_id = COALESCE(",
        );
        out.push_bind_param::<Nullable<Uid>, _>(&self.named)?;
        out.push_sql(
            ", CASE WHEN targets.branch_id = trunks.branch_id \
             THEN COALESCE(trunks.active_branch_id, trunks.branch_id) ELSE targets.branch_id END) \
             AND lines.root_chat_id = targets.root_chat_id WHERE targets.branch_id = ",
        );
        out.push_bind_param::<Uid, _>(&self.target)?;
        out.push_sql(" AND targets.owner_id = ");
        out.push_bind_param::<Uid, _>(&self.owner)?;
        out.push_sql(")");
        Ok(())
    }
}

/// The id of the chat of the target; NULL if the owner cannot see the target. It is asked as in [`LineOf`].
#[derive(Debug, Clone, Copy)]
pub(super) struct ChatOf {
    pub(super) owner: UserId,
    pub(super) target: BranchId,
}

impl<DB> QueryFragment<DB> for ChatOf
where
    DB: Backend + HasSqlType<Uid>,
    UserId: ToSql<Uid, DB>,
    BranchId: ToSql<Uid, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "(SELECT CASE WHEN targets.deleted_at IS NULL THEN targets.root_chat_id END \
             FROM branches AS targets WHERE targets.branch_id = ",
        );
        out.push_bind_param::<Uid, _>(&self.target)?;
        out.push_sql(" AND targets.owner_id = ");
        out.push_bind_param::<Uid, _>(&self.owner)?;
        out.push_sql(")");
        Ok(())
    }
}

macro_rules! ids {
    ($($name:ident),+) => {$(
        impl Expression for $name {
            type SqlType = Uid;
        }

        impl<QS> AppearsOnTable<QS> for $name {}

        impl ValidGrouping<()> for $name {
            type IsAggregate = is_aggregate::Never;
        }

        impl QueryId for $name {
            type QueryId = Self;
        }
    )+};
}

ids!(LineOf, ChatOf);

macro_rules! conditions {
    ($($name:ident on $table:ty),+ $(,)?) => {$(
        impl Expression for $name {
            type SqlType = Bool;
        }

        impl AppearsOnTable<$table> for $name {}

        impl SelectableExpression<$table> for $name {}

        impl ValidGrouping<()> for $name {
            type IsAggregate = is_aggregate::No;
        }

        impl QueryId for $name {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    )+};
}

conditions! {
    ComesAfter on super::schema::branches::table,
    BeginsAfter on super::schema::branches::table,
    DeletedBefore on super::schema::branches::table,
    IsListed on messages::table,
}
