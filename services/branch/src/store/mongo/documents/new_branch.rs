//! New documents of branches.

use crate::domain::Ancestry;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::fields::binary;
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::documents::own_messages::{FirstMessage, HeadTime};
use crate::store::{ChatForkRequest, ForkRequest, NewTrunk, ancestry_codec};
use shared::clock::Timestamp;
use shared::idempotency::RETENTION;
use shared::ids::{BranchId, ChatId, OperationId, ResponseId, UserId};
use shared::tags::Tags;

impl BranchDoc {
    /// A trunk without messages.
    pub(crate) fn trunk(trunk: NewTrunk) -> Self {
        let id = trunk.chat.trunk();
        Self { active: Some(id), ..Self::at(&Ancestry::trunk(id), trunk.chat, trunk.owner, trunk.created_at) }
    }

    /// The trunk of a fork of a chat that is under way. Its line ends with this message.
    pub(crate) fn chat_fork(
        new: &ChatForkRequest,
        ancestry: &Ancestry,
        head: ResponseId,
        created_at: Timestamp,
    ) -> Self {
        Self {
            active: Some(ancestry.branch),
            forked_from: Some(head),
            head: Some(head),
            level: 0,
            stands_on: ancestry.window.first().map(|nearest| nearest.branch),
            source: Some(new.from.chat),
            state: Some(BranchState::Forking),
            op: Some(OperationId::generate()),
            ..Self::at(ancestry, new.chat, new.owner, created_at)
        }
    }

    /// A fork that is under way.
    pub(crate) fn fork(new: &ForkRequest, ancestry: &Ancestry, parent: &Self, created_at: Timestamp) -> Self {
        let owner = ancestry.window.first().map(|nearest| nearest.branch);
        Self {
            parent: Some(parent.id),
            level: parent.level + 1,
            stands_on: owner.filter(|owner| *owner != parent.id),
            forked_from: new.from,
            name: new.name.as_ref().map(|name| name.as_str().to_owned()),
            head: new.from,
            key_id: new.key.as_ref().map(|key| key.id),
            request_hash: new.key.as_ref().map(|key| binary(&key.hash.0)),
            state: Some(BranchState::Forking),
            op: Some(OperationId::generate()),
            activate: new.activate,
            activated_at: new.activate.then_some(created_at.as_micros()),
            changed_at: Some(created_at.as_micros()),
            ..Self::at(ancestry, parent.chat, parent.owner, created_at)
        }
    }

    /// Sets the hints of the first and the last of the messages that it begins with.
    pub(crate) fn begin_with(&mut self, first: &FirstMessage, last: &MessageHeader) {
        (self.head_depth, self.head) = (last.depth, Some(last.id));
        self.head_time = Some(HeadTime { depth: last.depth, at: last.created_at });
        (self.first, self.first_at) = (Some(first.id), Some(first.created_at.as_micros()));
        self.preview = Some(first.preview.clone());
    }

    /// A tombstone in the place of a branch that was never inserted.
    pub(crate) fn aborted(id: BranchId, chat: ChatId, owner: UserId, now: Timestamp) -> Self {
        Self {
            alive: false,
            state: Some(BranchState::SecondPassDone),
            due: Some(now.plus(RETENTION).as_micros()),
            aborted: true,
            ..Self::at(&Ancestry::trunk(id), chat, owner, now)
        }
    }

    fn at(ancestry: &Ancestry, chat: ChatId, owner: UserId, created_at: Timestamp) -> Self {
        Self {
            id: ancestry.branch,
            chat,
            owner,
            parent: None,
            forked_from: None,
            fork_depth: ancestry.fork_depth,
            level: ancestry.level,
            stands_on: None,
            source: None,
            encoded_ancestry: binary(&ancestry_codec::encode(ancestry)),
            name: None,
            head_depth: ancestry.fork_depth,
            head: None,
            head_time: None,
            first: None,
            first_at: None,
            preview: None,
            tags: Tags::default(),
            archived: false,
            active: None,
            created_at,
            key_id: None,
            request_hash: None,
            alive: true,
            state: None,
            due: None,
            op: None,
            answer_line: None,
            activate: false,
            previous_active: None,
            deleted_at: None,
            undo: None,
            undo_due: None,
            purge_at: None,
            deletion: None,
            deleted_count: None,
            active_before: None,
            chat_state_number: None,
            forks: 0,
            deepest: 0,
            first_pass_depth: None,
            kept_depth: None,
            activated_at: None,
            changed_at: None,
            aborted: false,
        }
    }
}
