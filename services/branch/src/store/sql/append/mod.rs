//! Appending: the line's row is locked, the message inserted, and the line's head raised, in one transaction.

mod outcome;
mod postgres;
mod raise_head;
mod sqlite;

use super::abort::Abort;
use super::engine::SqlEngine;
use super::lookup::missing_line;
use super::versions::{self, Sibling};
use crate::domain::Message;
use crate::error::Error;
use crate::store::navigation::MAX_ATTEMPTS_ON_ACTIVE_BRANCH;
use crate::store::{AppendRequest, NewMessage};
use futures_util::FutureExt as _;
use outcome::{AppendedTo, Outcome};
use shared::clock::Clock;
use shared::idempotency::Created;
use shared::ids::ResponseId;
use shared_store::Session;
use std::sync::Arc;

impl SqlEngine {
    pub(crate) async fn append(&self, request: Arc<AppendRequest>) -> Result<Created<Message>, Error> {
        let mut attempt = 1;
        loop {
            let (row, clock) = (request.branch.unwrap_or(request.target), self.clock.clone());
            let new = Arc::clone(&request);
            let appended = self.write_statement([row], request.text_bytes(), |session| {
                async move { append(session, new, &clock).await }.boxed()
            });
            match appended.await {
                Ok(message) => return Ok(Created::new(message)),
                Err(Abort::Refused(Error::BranchNotFound))
                    if request.branch.is_none() && attempt < MAX_ATTEMPTS_ON_ACTIVE_BRANCH =>
                {
                    attempt += 1;
                }
                Err(Abort::Refused(error)) => return Err(error),
                Err(Abort::Exists) => {
                    let made = match (&request.key, request.id) {
                        (Some(key), _) => self.replay_message(key).await?,
                        (None, Some(id)) => self.replay_answer(request.owner, id).await?,
                        (None, None) => None,
                    };
                    return made.map(Created::replayed).ok_or(Error::MessageNotFound);
                }
            }
        }
    }
}

async fn append(session: &mut Session, request: Arc<AppendRequest>, clock: &Clock) -> Result<Message, Abort> {
    let (id, now) = (request.id.unwrap_or_else(ResponseId::generate), clock.now());
    let outcome = match session {
        Session::Postgres(connection) => postgres::append(connection, &request, id, now).await?,
        Session::Sqlite(connection) => sqlite::append(connection, &request, id, now)?,
    };
    match outcome {
        Outcome::Appended(AppendedTo { chat, branch, parent, depth, created_at, has_siblings }) => {
            let version = if has_siblings {
                versions::of_message(session, Sibling { id, chat, created_at, depth, parent }, None).await?
            } else {
                None
            };
            let message = NewMessage { chat, branch, request }.message(id, depth, parent, created_at);
            Ok(message.with_version(version))
        }
        Outcome::NoLine => Err(missing_line(session, request.owner, request.target).await?.into()),
        Outcome::Exists => Err(Abort::Exists),
        Outcome::HeadMoved { branch, head } => Err(Error::HeadMoved { branch, head }.into()),
    }
}
