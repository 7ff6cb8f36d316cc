//! Edits, and appends whose head has moved: a message on a branch of its own, the same on every engine.

use super::branching::{EditRequest, ForkWithMessages, MessageContent};
use super::content_store::ContentStore;
use super::read_message::MessageRequest;
use super::requests::{AppendRequest, ForkRequest};
use super::results::Lookup;
use crate::domain::{AnswerDetails, Message};
use crate::error::Error;
use shared::idempotency::Created;
use std::sync::Arc;

impl ContentStore {
    /// Creates another version of a message: a branch at its parent, with the changed message on it. Both are there, or
    /// neither. An equal request with the same key is replayed.
    ///
    /// [`Error::MessageNotFound`], also if the message is not read in the named chat; [`Error::EmptyTexts`]; the errors of
    /// [`Self::replay_message`].
    pub async fn edit_message(&self, request: EditRequest) -> Result<Created<Message>, Error> {
        let EditRequest { owner, reading_chat, .. } = request;
        let message = MessageRequest { owner, message: request.message, reading_chat };
        let found = self.find_message(message).await?.ok_or(Error::MessageNotFound)?;
        let question = match request.question {
            Some(question) => question.as_str().to_owned(),
            None => self.read_message(message).await?.ok_or(Error::MessageNotFound)?.question,
        };
        let response = request.response.as_str().to_owned();
        if question.is_empty() && response.is_empty() {
            return Err(Error::EmptyTexts);
        }
        let metadata = request.metadata.as_str().to_owned();
        let details = AnswerDetails::default();
        let version = MessageContent { question, response, metadata, copied_from: None, details };
        let fork = ForkRequest {
            owner,
            target: found.chat.trunk(),
            from: found.parent,
            id: None,
            name: request.branch_name,
            activate: request.activate,
            key: request.key,
        };
        let messages = vec![version];
        let fork = ForkWithMessages { fork, is_on_line_of_target: false, messages, first_id: None };
        self.fork_with_message(fork).await
    }

    /// Appends a message to a line, at the depth after its head and at a later time. An equal request with the same key is
    /// replayed. If the head has moved and the request says so, the message goes to a new branch at the expected head.
    ///
    /// [`Error::BranchNotFound`]; [`Error::HeadMoved`] if the head is not the expected one, and nothing can be forked from that;
    /// the errors of [`Self::replay_message`].
    pub async fn append(&self, request: impl Into<Arc<AppendRequest>>) -> Result<Created<Message>, Error> {
        let request = request.into();
        let (branch, head) = match self.append_to_line(Arc::clone(&request)).await {
            Err(Error::HeadMoved { branch, head }) => (branch, head),
            appended => return appended,
        };
        let moved = Error::HeadMoved { branch, head };
        let Some(fork) = ForkWithMessages::at_expected_head(&request, branch) else { return Err(moved) };
        match self.fork_with_message(fork).await {
            // The expected head is not on the line, unless that is deleted by now.
            Err(Error::MessageNotFound) => match self.resolve(request.owner, branch).await? {
                Lookup::Found(_) => Err(moved),
                Lookup::Hidden | Lookup::Unknown => Err(Error::BranchNotFound),
            },
            forked => forked,
        }
    }

    /// Forks a branch with one message on it, and reads that.
    pub(super) async fn fork_with_message(
        &self,
        request: ForkWithMessages,
    ) -> Result<Created<Message>, Error> {
        let (owner, key, id) = (request.fork.owner, request.fork.key.clone(), request.first_id);
        let request = Arc::new(request);
        let made = match self.fork_with_messages(Arc::clone(&request)).await? {
            Some(made) => {
                let stored = self.read_message(MessageRequest::in_own_chat(owner, made.first)).await?;
                // An answer that is deleted by now was stored before, and comes back if that is undone.
                let stored =
                    stored.or_else(|| request.answer_line().and_then(|_| request.first_message(made)));
                stored.map(Created::new)
            }
            None => match (key, id) {
                (Some(key), _) => self.replay_message(&key).await?.map(Created::replayed),
                (None, Some(id)) => self.replay_answer(owner, id).await?.map(Created::replayed),
                (None, None) => None,
            },
        };
        made.ok_or(Error::MessageNotFound)
    }
}
