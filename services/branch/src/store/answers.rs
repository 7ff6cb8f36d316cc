//! Answers of models: the place of the next message on a line, and its store once it is there, the same on every engine.

use super::branching::{ForkWithMessages, MessageContent};
use super::chat_fork::ForkPointRequest;
use super::content_store::ContentStore;
use super::navigation::MAX_ATTEMPTS_ON_ACTIVE_BRANCH;
use super::read_message::MessageRequest;
use super::requests::{AppendRequest, ForkRequest};
use super::results::{BranchWithActive, Lookup, ResolvedId};
use crate::domain::{
    AnswerDetails, Branch, ExpectedHead, ForkPoint, Message, Metadata, OnHeadMoved, Placement, Question,
    Response, branch_of,
};
use crate::error::Error;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};

/// The place of a message to come, as a client names it.
#[derive(Debug, Clone, Copy)]
pub struct PlaceRequest {
    /// The owner.
    pub owner: UserId,
    /// The chat or the branch that it goes to; for a chat, the active branch.
    pub target: BranchId,
    /// The branch of this chat that it goes to instead.
    pub branch: Option<BranchId>,
    /// The message that it follows.
    pub parent: ForkPoint,
    /// The head that the client expects.
    pub expected_head: ExpectedHead,
}

/// The place of a message to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinePlace {
    /// The chat.
    pub chat: ChatId,
    /// The branch.
    pub branch: BranchId,
    /// The message that it follows; none before the first.
    pub parent: Option<ResponseId>,
    /// The depth of that message, or 0.
    pub depth: i64,
    /// Whether that is the head of the branch now.
    pub is_head: bool,
}

/// An answer to store, whose id was given out before.
#[derive(Debug, Clone)]
pub struct AnswerRequest {
    /// The owner.
    pub owner: UserId,
    /// The id of the message.
    pub id: ResponseId,
    /// The chat, or a branch of it.
    pub target: BranchId,
    /// The branch of this chat on whose line the parent lies.
    pub branch: BranchId,
    /// The message that it follows; none for one before the first.
    pub parent: Option<ResponseId>,
    /// The question.
    pub question: Question,
    /// The response.
    pub response: Response,
    /// The client's metadata.
    pub metadata: Metadata,
    /// What it has beside its texts.
    pub details: AnswerDetails,
    /// Where it goes.
    pub placement: Placement,
    /// Whether a branch that is created for it becomes the active branch of its chat.
    pub activate: bool,
}

impl From<AnswerRequest> for AppendRequest {
    fn from(answer: AnswerRequest) -> Self {
        Self {
            owner: answer.owner,
            target: answer.target,
            branch: Some(answer.branch),
            question: answer.question,
            response: answer.response,
            metadata: answer.metadata,
            expected_head: ExpectedHead::Exactly(answer.parent),
            on_head_moved: OnHeadMoved::Fork,
            activate: answer.activate,
            key: None,
            id: Some(answer.id),
            details: answer.details,
        }
    }
}

impl From<AnswerRequest> for ForkWithMessages {
    fn from(answer: AnswerRequest) -> Self {
        let fork = ForkRequest {
            owner: answer.owner,
            target: answer.branch,
            from: answer.parent,
            id: Some(branch_of(answer.id)),
            name: None,
            activate: answer.activate,
            key: None,
        };
        let first_id = Some(answer.id);
        let messages = vec![MessageContent::from(&AppendRequest::from(answer))];
        Self { fork, is_on_line_of_target: true, messages, first_id }
    }
}

impl ContentStore {
    /// Finds the place of a message to come.
    ///
    /// [`Error::BranchNotFound`]; [`Error::HeadMoved`] if the head is not the expected one; [`Error::MessageNotFound`] if the message
    /// that it is to follow is not on the line.
    pub async fn place_on_line(&self, request: &PlaceRequest) -> Result<LinePlace, Error> {
        let line = self.line_of(request).await?;
        let Branch { id: branch, chat, head, head_depth, .. } = line;
        if !request.expected_head.allows(head) {
            return Err(Error::HeadMoved { branch, head });
        }
        let parent = match request.parent {
            ForkPoint::Head => head,
            ForkPoint::At(parent) => parent,
        };
        let depth = match parent {
            None => 0,
            parent if parent == head => head_depth,
            Some(parent) => self.depth_on_line(request.owner, branch, parent).await?,
        };
        Ok(LinePlace { chat, branch, parent, depth, is_head: parent == head })
    }

    /// Stores an answer, whole or not at all. What is stored under its id already is returned as it is. What these errors are answered for is
    /// not there, and does not come back with what is restored.
    ///
    /// [`Error::ChatNotFound`], [`Error::BranchNotFound`] if the chat or the branch is deleted, or is not the owner's;
    /// [`Error::MessageNotFound`] if the parent is not on the line, or the message is deleted.
    pub async fn store_answer(&self, request: AnswerRequest) -> Result<Message, Error> {
        let (owner, id) = (request.owner, request.id);
        let stored = self.store_or_replay(request).await;
        if stored.as_ref().is_err_and(Error::is_not_found) {
            self.discard_answer(owner, id).await?;
        }
        stored
    }

    async fn store_or_replay(&self, request: AnswerRequest) -> Result<Message, Error> {
        let AnswerRequest { owner, id, branch, .. } = request;
        let target = self.resolve(owner, request.target).await?.require()?;
        if let Some(stored) = self.replay_answer(owner, id).await? {
            return Ok(stored);
        }
        match self.resolve(owner, branch).await? {
            Lookup::Found(found) if found.chat == target.chat => {}
            Lookup::Found(_) | Lookup::Hidden | Lookup::Unknown => return Err(Error::BranchNotFound),
        }
        let stored = match request.placement {
            Placement::Append => self.append(AppendRequest::from(request)).await,
            Placement::Fork => self.fork_with_message(ForkWithMessages::from(request)).await,
        };
        match stored {
            Ok(stored) => Ok(stored.object),
            // The parent is not on the line.
            Err(Error::HeadMoved { .. }) => Err(Error::MessageNotFound),
            // It was there before.
            Err(Error::TargetUnknown) => Err(Error::BranchNotFound),
            Err(error) => Err(error),
        }
    }

    /// The branch that a request for a place names, with its head.
    async fn line_of(&self, request: &PlaceRequest) -> Result<Branch, Error> {
        let mut attempt = 1;
        loop {
            let target = self.look_up(request.owner, request.target).await?.require()?;
            let named = ResolvedId::from(&target).branch_for(request.branch);
            if named == target.branch.id {
                return Ok(target.branch);
            }
            match self.look_up(request.owner, named).await? {
                Lookup::Found(found) if found.branch.chat == target.branch.chat => {
                    let BranchWithActive { branch, .. } = *found;
                    return Ok(branch);
                }
                // The active branch was deleted meanwhile, and another is active.
                _ if request.branch.is_none() && attempt < MAX_ATTEMPTS_ON_ACTIVE_BRANCH => attempt += 1,
                _ => return Err(Error::BranchNotFound),
            }
        }
    }

    /// The depth of a message of a line.
    async fn depth_on_line(
        &self,
        owner: UserId,
        branch: BranchId,
        message: ResponseId,
    ) -> Result<i64, Error> {
        let point = ForkPointRequest { owner, target: branch, branch: Some(branch), message: Some(message) };
        self.find_fork_point(&point).await?;
        let request = MessageRequest { owner, message, reading_chat: Some(branch) };
        let found = self.find_message(request).await?.ok_or(Error::MessageNotFound)?;
        Ok(found.depth)
    }
}
