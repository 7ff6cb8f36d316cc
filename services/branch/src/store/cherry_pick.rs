//! Cherry-picks: copies of messages on a new branch, the same on every engine.

use super::branching::{CherryPickRequest, ForkWithMessages, MessageContent};
use super::content_store::ContentStore;
use super::positions::{LinePosition, Position};
use super::requests::{ForkRequest, LineRequest};
use super::results::BranchWithMessages;
use crate::domain::{ForkPoint, Order};
use crate::error::Error;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use std::collections::HashMap;
use std::sync::Arc;

impl ContentStore {
    /// Creates a branch with copies of messages, in this order: all of them, or nothing. An equal request with the same key is
    /// replayed.
    ///
    /// [`Error::MessageNotFound`] if one of the messages is not there, or the fork point is not on the line; [`Error::TextsTooLarge`];
    /// the errors of [`Self::replay_message`].
    pub async fn cherry_pick(
        &self,
        request: &CherryPickRequest,
    ) -> Result<Created<BranchWithMessages>, Error> {
        let (owner, count) = (request.owner, request.sources.len());
        let onto = self.look_up(owner, request.onto).await?.require()?.branch;
        let (sources, _memory) = self.read_sources(owner, Arc::from(&*request.sources)).await?;
        let sources: HashMap<_, _> = sources.into_iter().map(|source| (source.id, source)).collect();
        let copy = |id: &ResponseId| {
            let source = sources.get(id).ok_or(Error::MessageNotFound)?;
            Ok::<_, Error>(MessageContent::copy_of(source))
        };
        let messages = request.sources.iter().map(copy).collect::<Result<_, _>>()?;
        let fork = ForkRequest {
            owner,
            target: onto.id,
            from: match request.from {
                ForkPoint::Head => onto.head,
                ForkPoint::At(from) => from,
            },
            id: None,
            name: request.name.clone(),
            activate: request.activate,
            key: request.key.clone(),
        };
        let fork = ForkWithMessages { fork, is_on_line_of_target: true, messages, first_id: None };
        if let Some(made) = self.fork_with_messages(Arc::new(fork)).await? {
            let start = (made.chat, made.branch, made.fork_depth + 1);
            return Ok(Created::new(self.read_branch_with_messages(owner, start, count).await?));
        }
        let replayed = match &request.key {
            Some(key) => self.replay_cherry_pick(owner, key, count).await?,
            None => None,
        };
        replayed.map(Created::replayed).ok_or(Error::MessageNotFound)
    }

    /// Reads the branch that a cherry-pick of so many messages with this key has created; `None` if there was no such request.
    ///
    /// The errors of [`Self::replay_message`].
    pub async fn replay_cherry_pick(
        &self,
        owner: UserId,
        key: &IdempotencyKey,
        count: usize,
    ) -> Result<Option<BranchWithMessages>, Error> {
        let Some(first) = self.replay_message(key).await? else { return Ok(None) };
        let start = (first.chat, first.branch, first.depth);
        self.read_branch_with_messages(owner, start, count).await.map(Some)
    }

    /// Reads a branch and so many of its messages, from a depth on.
    async fn read_branch_with_messages(
        &self,
        owner: UserId,
        (chat, branch, depth): (ChatId, BranchId, i64),
        count: usize,
    ) -> Result<BranchWithMessages, Error> {
        let found = self.look_up(owner, branch).await?.require()?;
        let start = LinePosition { chat, branch, position: Position { via: branch, depth } };
        let line = LineRequest {
            owner,
            target: chat.trunk(),
            branch: Some(branch),
            order: Order::Asc,
            start: Some(start),
            from_depth: None,
            limit: count,
        };
        let page = self.read_page(&line).await?.messages;
        Ok(BranchWithMessages { branch: found, messages: page.items, memory: page.memory })
    }
}
