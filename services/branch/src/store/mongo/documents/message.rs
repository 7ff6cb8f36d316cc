//! The document of a message.

use crate::domain::{AnswerDetails, Forks, Message, Previews, Version};
use crate::store::branching::MessagePlace;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::{binary, is_zero, maybe_text, micros, text};
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::documents::own_messages::FirstMessage;
use crate::store::{MAX_FIRST_MESSAGES, MessageContent, NewMessage};
use mongodb::bson::{Binary, Document, doc};
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::idempotency::IdempotencyKey;
use shared::ids::{BranchId, ChatId, KeyId, ResponseId, UserId};

/// A message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MessageDoc {
    #[serde(rename = "_id", with = "text")]
    pub(crate) id: ResponseId,
    #[serde(with = "text")]
    pub(crate) branch: BranchId,
    pub(crate) depth: i64,
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<ResponseId>,
    #[serde(with = "text")]
    pub(crate) chat: ChatId,
    #[serde(with = "text")]
    pub(crate) owner: UserId,
    #[serde(with = "micros")]
    pub(crate) created_at: Timestamp,
    /// The bytes of question, response and items; 0 only after a scrub.
    pub(crate) text_bytes: i64,
    /// Whether forks may exist: set before a fork is inserted, and never reset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forked: Option<bool>,
    /// A hint of how many forks it has, which chooses the way to read them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) forks: i64,
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    key_id: Option<KeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_hash: Option<Binary>,
    /// Of the question and of the response; none where the sweep has yet to compute them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    question_preview: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response_preview: Option<String>,
    metadata: String,
    question: String,
    response: String,
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    copied_from: Option<ResponseId>,
    /// What it has beside its texts where a model has answered it, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input_items: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_items: Option<String>,
    /// While the branch that begins with it is not there yet, and a little longer: when the sweep takes it up, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due: Option<i64>,
    /// Whether it is an answer that was inserted after the head, and not confirmed yet: it is deleted again if its line is gone. Whatever
    /// follows it confirms it first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) provisional: bool,
}

impl MessageDoc {
    pub(crate) fn new(
        new: &NewMessage,
        id: ResponseId,
        depth: i64,
        parent: Option<ResponseId>,
        created_at: Timestamp,
    ) -> Self {
        let request = &*new.request;
        let previews = Previews::of(request.question.as_str(), request.response.as_str());
        let AnswerDetails { generation, input_items, output_items } = request.details.clone();
        Self {
            id,
            branch: new.branch,
            depth,
            parent,
            chat: new.chat,
            owner: request.owner,
            created_at,
            text_bytes: new.request.stored_text_bytes(),
            forked: Some(false),
            forks: 0,
            key_id: request.key.as_ref().map(|key| key.id),
            request_hash: request.key.as_ref().map(|key| binary(&key.hash.0)),
            question_preview: Some(previews.question),
            response_preview: Some(previews.response),
            metadata: request.metadata.as_str().to_owned(),
            question: request.question.as_str().to_owned(),
            response: request.response.as_str().to_owned(),
            copied_from: None,
            generation,
            input_items,
            output_items,
            due: None,
            provisional: request.id.is_some(),
        }
    }

    /// One of the messages that a branch begins with, before that is there.
    pub(crate) fn first_of(branch: &BranchDoc, place: MessagePlace, content: &MessageContent) -> Self {
        let previews = Previews::of(&content.question, &content.response);
        let AnswerDetails { generation, input_items, output_items } = content.details.clone();
        Self {
            id: place.id,
            branch: branch.id,
            depth: place.depth,
            parent: place.parent,
            chat: branch.chat,
            owner: branch.owner,
            created_at: place.created_at,
            text_bytes: content.stored_text_bytes(),
            forked: Some(false),
            forks: 0,
            key_id: None,
            request_hash: None,
            question_preview: Some(previews.question),
            response_preview: Some(previews.response),
            metadata: content.metadata.clone(),
            question: content.question.clone(),
            response: content.response.clone(),
            copied_from: content.copied_from,
            generation,
            input_items,
            output_items,
            due: branch.due,
            provisional: false,
        }
    }

    /// The same, made by a request with this key.
    pub(crate) fn with_key(self, key: &IdempotencyKey) -> Self {
        Self { key_id: Some(key.id), request_hash: Some(binary(&key.hash.0)), ..self }
    }

    /// This message as the last of its branch.
    pub(crate) const fn as_last(&self) -> MessageHeader {
        let &Self { id, branch, depth, created_at, provisional, .. } = self;
        MessageHeader { id, branch, depth, created_at, provisional }
    }

    /// This message as the first of its branch.
    pub(crate) fn as_first(&self) -> FirstMessage {
        let preview = self.question_preview.clone().unwrap_or_default();
        FirstMessage { id: self.id, branch: self.branch, created_at: self.created_at, preview }
    }

    /// Whether a request with this key has made it.
    pub(crate) fn is_made_by(&self, key: &IdempotencyKey) -> bool {
        self.request_hash.as_ref().is_some_and(|hash| hash.bytes == key.hash.0)
    }

    /// Whether forks of it may exist.
    pub(crate) fn may_be_forked(&self) -> bool {
        self.forked != Some(false)
    }

    pub(crate) fn into_message(self, forks: Forks) -> Message {
        let Self { generation, input_items, output_items, .. } = self;
        Message {
            id: self.id,
            chat: self.chat,
            branch: self.branch,
            depth: self.depth,
            parent: self.parent,
            question: self.question,
            response: self.response,
            metadata: self.metadata,
            created_at: self.created_at,
            copied_from: self.copied_from,
            details: AnswerDetails { generation, input_items, output_items },
            forks,
            version: Version::default(),
            inherited: false,
        }
    }
}

/// A filter for the messages that a fork has begun with, as long as they are due.
pub(crate) fn due_messages(fork: &BranchDoc) -> Document {
    let most = i64::try_from(MAX_FIRST_MESSAGES).unwrap_or(i64::MAX);
    let depths = doc! {"$gte": fork.fork_depth + 1, "$lte": fork.fork_depth + most};
    doc! {"branch": fork.id.to_string(), "depth": depths, "due": {"$gt": 0_i64}}
}
