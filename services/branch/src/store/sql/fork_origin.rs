//! The origin of a fork: a message of its chat, or one that the chat inherits from another.

use super::inherited_lines::inherited_lines;
use super::lookup::look_up;
use super::schema::{TARGETS, TRUNKS, branches, messages};
use crate::domain::MIN_TIME_STEP;
use crate::error::Error;
use crate::store::ForkRequest;
use crate::store::inherited_line::BranchPlace;
use crate::store::navigation::{AncestryReader as _, owner_of_inherited};
use diesel::prelude::*;

use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, on};

/// The origin of a fork.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) chat: ChatId,
    /// The parent in this chat.
    pub(super) parent: BranchId,
    /// The owner of the message, if that is inherited from another chat.
    pub(super) stands_on: Option<BranchId>,
    pub(super) depth: i64,
    /// When the message there was stored; none for a fork before the first message.
    pub(super) created_at: Option<Timestamp>,
}

impl Origin {
    /// The branch that owns the message.
    pub(super) fn owner(&self) -> BranchId {
        self.stands_on.unwrap_or(self.parent)
    }

    /// The time of the first message of a fork that was created then.
    pub(super) fn next_message_time(&self, created_at: Timestamp) -> Timestamp {
        let after = self.created_at.map(|message| message.plus(MIN_TIME_STEP));
        after.map_or(created_at, |after| after.max(created_at))
    }
}

/// A message with its place, and whether its branch, the target and the trunk are alive.
type FoundMessage = (ChatId, BranchId, i64, Timestamp, bool, bool, bool);

/// Finds the message of a fork, which must lie on the line of the target.
pub(super) async fn origin(session: &mut Session, request: &ForkRequest) -> Result<Origin, Error> {
    let &ForkRequest { owner, target, .. } = request;
    let Some(message) = request.from else {
        let chat = look_up(session, owner, target).await?.require()?.branch.chat;
        return Ok(Origin { chat, parent: chat.trunk(), stands_on: None, depth: 0, created_at: None });
    };
    let own = own_origin(session, (owner, message), target).await?;
    let origin = if let Some(origin) = own {
        origin
    } else {
        let chat = look_up(session, owner, target).await?.require()?.branch.chat;
        inherited_origin(session, (owner, message), chat).await?
    };
    if origin.chat.trunk() != target {
        check_on_line(session, target, origin).await?;
    }
    Ok(origin)
}

/// Finds a message in the chat of the target; `None` unless its branch, the target and the trunk are alive.
async fn own_origin(
    session: &mut Session,
    (owner, message): (UserId, ResponseId),
    target: BranchId,
) -> Result<Option<Origin>, Error> {
    // Whether rows are deleted is asked behind SELECT, as in `LineOf`.
    let found: Option<FoundMessage> = on!(session, |c| {
        messages::table
            .inner_join(branches::table)
            .inner_join(TARGETS.on(TARGETS.field(branches::root_chat_id).eq(branches::root_chat_id)))
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(TARGETS.field(branches::branch_id).eq(target))
            .filter(TARGETS.field(branches::owner_id).eq(owner).and(messages::response_id.eq(message)))
            .select((
                branches::root_chat_id,
                messages::branch_id,
                messages::depth,
                messages::created_at,
                branches::deleted_at.is_null(),
                TARGETS.field(branches::deleted_at).is_null(),
                TRUNKS.field(branches::deleted_at).is_null(),
            ))
            .first(c)
            .await
            .optional()
    })?;
    let found = found.filter(|(.., parent, target, trunk)| *parent && *target && *trunk);
    Ok(found.map(|(chat, parent, depth, created_at, ..)| Origin {
        chat,
        parent,
        stands_on: None,
        depth,
        created_at: Some(created_at),
    }))
}

/// Finds a message that a chat inherits from another.
async fn inherited_origin(
    session: &mut Session,
    (owner, message): (UserId, ResponseId),
    chat: ChatId,
) -> Result<Origin, Error> {
    let inherited = inherited_lines(session, [chat]).await?.remove(&chat).ok_or(Error::MessageNotFound)?;
    let query = messages::table.find(message).filter(messages::owner_id.eq(owner)).select((
        messages::branch_id,
        messages::depth,
        messages::created_at,
    ));
    let found: Option<(BranchId, i64, Timestamp)> = on!(session, |c| query.first(c).await.optional())?;
    let (branch, depth, created_at) = found.ok_or(Error::MessageNotFound)?;
    if !inherited.has(&mut *session, BranchPlace { branch, depth }).await? {
        return Err(Error::MessageNotFound);
    }
    Ok(Origin { chat, parent: chat.trunk(), stands_on: Some(branch), depth, created_at: Some(created_at) })
}

/// Checks that the message lies on the line of a branch.
pub(super) async fn check_on_line(
    session: &mut Session,
    line: BranchId,
    origin: Origin,
) -> Result<(), Error> {
    if line == origin.owner() {
        return Ok(());
    }
    let ancestry = session.read_ancestry(line).await?;
    let owner = owner_of_inherited(session, ancestry, origin.depth).await?;
    if owner == Some(origin.owner()) { Ok(()) } else { Err(Error::MessageNotFound) }
}
