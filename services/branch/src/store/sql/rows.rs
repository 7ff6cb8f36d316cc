//! Rows, and their conversion to and from domain types.
#![expect(
    clippy::ref_option_ref,
    reason = "diesel's derive borrows each field, also one that is borrowed already"
)]

use super::schema::{branches, messages};
use super::versions::Sibling;
use crate::domain::{AnswerDetails, Branch, Forks, Message, OwnMessages, Version, stored_text_bytes};
use diesel::prelude::{Insertable, Queryable, Selectable};
use shared::clock::Timestamp;
use shared::idempotency::RequestHash;
use shared::ids::{BranchId, ChatId, KeyId, ResponseId, UserId};
use shared::tags::Tags;

/// A branch, without the columns that only the store needs.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = branches)]
pub(super) struct BranchRow {
    branch_id: BranchId,
    root_chat_id: ChatId,
    parent_branch_id: Option<BranchId>,
    forked_from: Option<ResponseId>,
    fork_depth: i64,
    level: i64,
    name: Option<String>,
    head_depth: i64,
    head_response_id: Option<ResponseId>,
    first_response_id: Option<ResponseId>,
    preview: Option<String>,
    last_message_at: Option<Timestamp>,
    tags: Tags,
    archived: bool,
    created_at: Timestamp,
}

impl From<BranchRow> for Branch {
    fn from(row: BranchRow) -> Self {
        let own = row.first_response_id.zip(row.last_message_at).map(|(first, last_at)| OwnMessages {
            first,
            preview: row.preview.unwrap_or_default(),
            last_at,
        });
        Self {
            id: row.branch_id,
            chat: row.root_chat_id,
            parent: row.parent_branch_id,
            forked_from: row.forked_from,
            fork_depth: row.fork_depth,
            level: row.level,
            name: row.name,
            head_depth: row.head_depth,
            head: row.head_response_id,
            own,
            tags: row.tags,
            archived: row.archived,
            created_at: row.created_at,
        }
    }
}

/// A branch to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = branches, treat_none_as_default_value = false)]
pub(super) struct NewBranchRow {
    pub(super) branch_id: BranchId,
    pub(super) root_chat_id: ChatId,
    pub(super) owner_id: UserId,
    pub(super) parent_branch_id: Option<BranchId>,
    pub(super) forked_from: Option<ResponseId>,
    pub(super) fork_depth: i64,
    pub(super) level: i64,
    pub(super) ancestry: super::ancestry_column::EncodedAncestry,
    pub(super) name: Option<String>,
    pub(super) head_depth: i64,
    pub(super) head_response_id: Option<ResponseId>,
    pub(super) active_branch_id: Option<BranchId>,
    pub(super) created_at: Timestamp,
    pub(super) key_id: Option<KeyId>,
    pub(super) request_hash: Option<RequestHash>,
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) purge_at: Option<Timestamp>,
    pub(super) sweep_at: Option<Timestamp>,
    pub(super) first_response_id: Option<ResponseId>,
    pub(super) first_message_at: Option<Timestamp>,
    pub(super) last_message_at: Option<Timestamp>,
    pub(super) preview: Option<String>,
    pub(super) activated_at: Option<Timestamp>,
    pub(super) stands_on: Option<BranchId>,
    pub(super) changed_at: Option<Timestamp>,
}

impl From<NewBranchRow> for Branch {
    fn from(row: NewBranchRow) -> Self {
        Self {
            id: row.branch_id,
            chat: row.root_chat_id,
            parent: row.parent_branch_id,
            forked_from: row.forked_from,
            fork_depth: row.fork_depth,
            level: row.level,
            name: row.name,
            head_depth: row.head_depth,
            head: row.head_response_id,
            own: None,
            tags: Tags::default(),
            archived: false,
            created_at: row.created_at,
        }
    }
}

/// A message.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub(super) struct MessageRow {
    pub(super) response_id: ResponseId,
    pub(super) branch_id: BranchId,
    pub(super) depth: i64,
    pub(super) parent_response_id: Option<ResponseId>,
    pub(super) created_at: Timestamp,
    metadata: String,
    question: String,
    response: String,
    copied_from: Option<ResponseId>,
    root_chat_id: Option<ChatId>,
    #[diesel(embed)]
    details: DetailsRow,
}

/// What a message has beside its texts where a model has answered it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub(super) struct DetailsRow {
    generation: Option<String>,
    input_items: Option<String>,
    output_items: Option<String>,
}

impl From<DetailsRow> for AnswerDetails {
    fn from(DetailsRow { generation, input_items, output_items }: DetailsRow) -> Self {
        Self { generation, input_items, output_items }
    }
}

impl MessageRow {
    /// The message, as it is read in a chat, if its texts and items have so many bytes.
    pub(super) fn into_whole_message(self, reading_chat: ChatId, bytes: i64) -> Option<Message> {
        let message = self.into_message(reading_chat, Forks::default());
        let found = stored_text_bytes(&message.question, &message.response, &message.details);
        (found == bytes).then_some(message)
    }

    /// The message to rank among its versions in a chat.
    pub(super) const fn sibling(&self, chat: ChatId) -> Sibling {
        Sibling {
            id: self.response_id,
            chat,
            created_at: self.created_at,
            depth: self.depth,
            parent: self.parent_response_id,
        }
    }

    /// The message, as it is read in a chat.
    pub(super) fn into_message(self, reading_chat: ChatId, forks: Forks) -> Message {
        Message {
            id: self.response_id,
            chat: self.root_chat_id.unwrap_or(reading_chat),
            branch: self.branch_id,
            depth: self.depth,
            parent: self.parent_response_id,
            question: self.question,
            response: self.response,
            metadata: self.metadata,
            created_at: self.created_at,
            copied_from: self.copied_from,
            details: self.details.into(),
            forks,
            version: Version::default(),
            inherited: false,
        }
    }
}

/// A message to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
pub(super) struct NewMessageRow<'a> {
    pub(super) response_id: ResponseId,
    pub(super) branch_id: BranchId,
    pub(super) root_chat_id: ChatId,
    pub(super) depth: i64,
    pub(super) parent_response_id: Option<ResponseId>,
    pub(super) owner_id: UserId,
    pub(super) created_at: Timestamp,
    pub(super) text_bytes: i64,
    pub(super) key_id: Option<KeyId>,
    pub(super) request_hash: Option<&'a RequestHash>,
    pub(super) metadata: &'a str,
    pub(super) question: &'a str,
    pub(super) response: &'a str,
    pub(super) copied_from: Option<ResponseId>,
    pub(super) question_preview: &'a str,
    pub(super) response_preview: &'a str,
    pub(super) generation: Option<&'a str>,
    pub(super) input_items: Option<&'a str>,
    pub(super) output_items: Option<&'a str>,
}
