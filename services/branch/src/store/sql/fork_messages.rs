//! Forking with messages: the branch and its first messages in one transaction.

use super::abort::Abort;
use super::engine::SqlEngine;
use super::fork::{ForkMessages, insert, rows};
use super::fork_origin::{Origin, check_on_line};
use super::rows::NewMessageRow;
use super::schema::messages;
use crate::domain::preview;
use crate::error::Error;
use crate::store::branching::{ForkWithMessages, NewBranch};
use futures_util::FutureExt as _;
use shared::clock::Clock;
use shared::ids::{BranchId, ResponseId};
use shared_store::{RunQueryDsl, Session, on};
use std::sync::Arc;

impl SqlEngine {
    pub(crate) async fn fork_with_messages(
        &self,
        request: Arc<ForkWithMessages>,
    ) -> Result<Option<NewBranch>, Error> {
        let origin = self.origin(&Arc::new(request.fork.clone())).await?;
        if request.is_on_line_of_target && request.fork.from.is_some() {
            let line = request.fork.target;
            self.store.read(move |session| check_on_line(session, line, origin).boxed()).await?;
        }
        let (new, clock) = (Arc::clone(&request), self.clock.clone());
        let line = locked_line(&request, origin);
        let (rows, bytes) = (rows(&request.fork, origin, line), request.text_bytes());
        let made = self.write_sized(rows, bytes, move |session| {
            async move { insert_all(session, &new, origin, &clock).await }.boxed()
        });
        match made.await {
            Ok(made) => Ok(Some(made)),
            Err(Abort::Refused(error)) => Err(error),
            Err(Abort::Exists) => Ok(None),
        }
    }
}

/// The row that an answer locks beside its parent's: that of the branch whose line it goes on with.
fn locked_line(request: &ForkWithMessages, origin: Origin) -> Option<BranchId> {
    request.answer_line().filter(|line| *line != origin.parent)
}

async fn insert_all(
    session: &mut Session,
    new: &ForkWithMessages,
    origin: Origin,
    clock: &Clock,
) -> Result<NewBranch, Abort> {
    let mut given = new.first_id;
    let id = |_: &_| given.take().unwrap_or_else(ResponseId::generate);
    let ids: Vec<_> = new.messages.iter().map(id).collect();
    let question = new.messages.split_first().map_or("", |(first, _)| &*first.question);
    let own = ForkMessages { ids: &ids, question, line: locked_line(new, origin) };
    let branch = insert(session, &new.fork, origin, clock, Some(own)).await?.branch;
    let first_at = origin.next_message_time(branch.created_at);
    let mut key = new.fork.key.as_ref();
    for (place, content) in new.places(&ids, branch.fork_depth, first_at) {
        let key = key.take();
        let row = NewMessageRow {
            response_id: place.id,
            branch_id: branch.id,
            root_chat_id: branch.chat,
            depth: place.depth,
            parent_response_id: place.parent,
            owner_id: new.fork.owner,
            created_at: place.created_at,
            text_bytes: content.stored_text_bytes(),
            key_id: key.map(|key| key.id),
            request_hash: key.map(|key| &key.hash),
            metadata: &content.metadata,
            question: &content.question,
            response: &content.response,
            question_preview: preview(&content.question),
            response_preview: preview(&content.response),
            copied_from: content.copied_from,
            generation: content.details.generation.as_deref(),
            input_items: content.details.input_items.as_deref(),
            output_items: content.details.output_items.as_deref(),
        };
        let insert = diesel::insert_into(messages::table).values(row).on_conflict_do_nothing();
        if on!(session, |c| insert.execute(c).await)? == 0 {
            return Err(Abort::Exists);
        }
    }
    let [first, ..] = *ids else { return Err(Error::MessageNotFound.into()) };
    let fork_depth = branch.fork_depth;
    Ok(NewBranch { chat: branch.chat, branch: branch.id, first, first_at, fork_depth })
}
