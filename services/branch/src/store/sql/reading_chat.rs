//! The chat in which a message is read: its own, or one that inherits it.

use super::inherited_lines::inherited_lines;
use super::lookup::look_up;
use super::schema::{TRUNKS, branches, messages};
use crate::error::Error;
use crate::store::inherited_line::{BranchPlace, InheritedLine};
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType};
use shared::ids::{BranchId, ChatId, UserId};
use shared::sql_types::Uid;
use shared_store::{RunQueryDsl, Session, on};

/// The place of a message, and whether its branch and its chat are alive. Selected from messages with [`branches`] and [`TRUNKS`].
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub(super) struct OwnPlace {
    #[diesel(select_expression = branches::root_chat_id)]
    pub(super) chat: ChatId,
    branch_id: BranchId,
    pub(super) depth: i64,
    // Whether rows are deleted is asked behind SELECT, as in `LineOf`.
    #[diesel(select_expression = branches::deleted_at.is_null())]
    branch_lives: bool,
    #[diesel(select_expression = TRUNKS.field(branches::deleted_at).is_null())]
    chat_lives: bool,
}

impl OwnPlace {
    fn place(&self) -> BranchPlace {
        BranchPlace { branch: self.branch_id, depth: self.depth }
    }
}

/// The way in which a message is read.
#[derive(Debug)]
pub(super) enum Reading {
    /// In this chat. What that inherits is known if it is not the message's own.
    In(ChatId, Option<InheritedLine>),
    /// In no chat: its own is deleted, and a living fork keeps it.
    Kept,
}

/// The chat that a request names as the one in which messages are read.
pub(super) async fn named_chat(
    session: &mut Session,
    owner: UserId,
    named: Option<BranchId>,
) -> Result<Option<ChatId>, Error> {
    let Some(named) = named else { return Ok(None) };
    Ok(Some(look_up(session, owner, named).await?.require()?.branch.chat))
}

/// Finds out how a message is read in the named chat, or without one. `None` if it is not.
pub(super) async fn read_as(
    session: &mut Session,
    message: &OwnPlace,
    named: Option<ChatId>,
) -> Result<Option<Reading>, Error> {
    let lives = message.branch_lives && message.chat_lives;
    match named {
        Some(chat) if chat != message.chat => {
            let inherited = inherited_lines(session, [chat]).await?.remove(&chat);
            let Some(inherited) = inherited else { return Ok(None) };
            let has = inherited.has(session, message.place()).await?;
            Ok(has.then_some(Reading::In(chat, Some(inherited))))
        }
        _ if lives => Ok(Some(Reading::In(message.chat, None))),
        None if !message.chat_lives && is_kept(session, message.place()).await? => Ok(Some(Reading::Kept)),
        _ => Ok(None),
    }
}

/// Whether the line of a living branch passes through the message at a place whose own chat is deleted.
pub(super) async fn is_kept(
    session: &mut Session,
    BranchPlace { branch, depth }: BranchPlace,
) -> Result<bool, Error> {
    let living = HasLivingFork { branch, depth };
    Ok(on!(session, |c| living.get_result(c).await)?)
}

/// Whether one of the branches that stand on a branch, from a depth on, or on one of these, is alive with its chat.
#[derive(Debug, Clone, Copy)]
struct HasLivingFork {
    branch: BranchId,
    depth: i64,
}

impl<DB> QueryFragment<DB> for HasLivingFork
where
    DB: Backend + HasSqlType<Uid>,
    BranchId: ToSql<Uid, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // Each condition of the join is one range of an index.
        out.push_sql("WITH RECURSIVE forks (branch_id, depth) AS (SELECT ");
        out.push_bind_param::<Uid, _>(&self.branch)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.depth)?;
        out.push_sql(
            " UNION ALL SELECT branches.branch_id, branches.fork_depth FROM forks JOIN branches \
             ON branches.fork_depth >= forks.depth AND (branches.stands_on = forks.branch_id \
             OR branches.parent_branch_id = forks.branch_id AND branches.deleted_at IS NULL AND branches.stands_on IS NULL \
             OR branches.parent_branch_id = forks.branch_id AND branches.deleted_at IS NOT NULL \
             AND branches.swept_at IS NULL AND branches.stands_on IS NULL)) \
             SELECT EXISTS (SELECT 1 FROM forks JOIN branches ON branches.branch_id = forks.branch_id \
             JOIN branches AS trunks ON trunks.branch_id = branches.root_chat_id \
             WHERE branches.deleted_at IS NULL AND trunks.deleted_at IS NULL)",
        );
        Ok(())
    }
}

impl Query for HasLivingFork {
    type SqlType = Bool;
}

impl QueryId for HasLivingFork {
    type QueryId = Self;
}

impl diesel::RunQueryDsl<SqliteConnection> for HasLivingFork {}
