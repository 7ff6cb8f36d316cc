//! Changing the active branch of a chat.

use super::conditions::ChatOf;
use super::engine::SqlEngine;
use super::functions::activate_branch_at;
use super::lookup::missing_line;
use super::schema::branches;
use crate::error::Error;
use diesel::SqliteConnection;
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, UserId};
use shared_store::{Session, StoreError};

/// The branch that a user makes the active one.
#[derive(Debug, Clone, Copy)]
struct Choice {
    owner: UserId,
    target: BranchId,
    branch: BranchId,
    now: Timestamp,
}

/// The outcome of a change of the active branch, on either engine.
#[derive(Debug)]
enum Outcome {
    /// The branch is the active one of this chat.
    Activated(ChatId),
    /// The owner cannot see the target.
    NoChat,
    /// The chat has no such branch.
    NoBranch,
}

impl SqlEngine {
    pub(crate) async fn activate(
        &self,
        owner: UserId,
        target: BranchId,
        branch: BranchId,
    ) -> Result<ChatId, Error> {
        let choice = Choice { owner, target, branch, now: self.clock.now() };
        self.write_statement([target], 0, move |session| activate(session, choice).boxed()).await
    }
}

async fn activate(session: &mut Session, choice: Choice) -> Result<ChatId, Error> {
    let outcome = match session {
        Session::Postgres(connection) => activate_on_postgres(connection, choice).await?,
        Session::Sqlite(connection) => activate_on_sqlite(connection, choice)?,
    };
    match outcome {
        Outcome::Activated(chat) => Ok(chat),
        Outcome::NoChat => Err(missing_line(session, choice.owner, choice.target).await?),
        Outcome::NoBranch => Err(Error::BranchNotFound),
    }
}

async fn activate_on_postgres(
    connection: &mut AsyncPgConnection,
    choice: Choice,
) -> Result<Outcome, StoreError> {
    let call = diesel::select(activate_branch_at(choice.owner, choice.target, choice.branch, choice.now));
    let row: (String, Option<ChatId>) = diesel_async::RunQueryDsl::get_result(call, connection).await?;
    match (row.0.as_str(), row.1) {
        ("activated", Some(chat)) => Ok(Outcome::Activated(chat)),
        ("no_chat", _) => Ok(Outcome::NoChat),
        ("no_branch", _) => Ok(Outcome::NoBranch),
        (other, _) => Err(StoreError::Failed(format!("activate_branch_at returned {other:?}").into())),
    }
}

/// An error, and a refusal, rolls the update back.
fn activate_on_sqlite(connection: &mut SqliteConnection, choice: Choice) -> QueryResult<Outcome> {
    let Choice { owner, target, branch, now } = choice;
    let update = diesel::update(branches::table.filter(branches::branch_id.eq(ChatOf { owner, target })))
        .filter(branches::deleted_at.is_null())
        .set(branches::active_branch_id.eq(Some(branch)))
        .returning(branches::root_chat_id);
    let Some(chat) = update.get_result::<ChatId>(connection).optional()? else { return Ok(Outcome::NoChat) };
    let named = branches::table
        .find(branch)
        .filter(branches::root_chat_id.eq(chat).and(branches::deleted_at.is_null()));
    let times = (branches::activated_at.eq(Some(now)), branches::changed_at.eq(Some(now)));
    let named = diesel::update(named).set(times).execute(connection)?;
    Ok(if named == 0 { Outcome::NoBranch } else { Outcome::Activated(chat) })
}
