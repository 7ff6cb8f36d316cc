//! Forks of chats: the trunk of a new chat stands on a message of another.

use super::abort::Abort;
use super::ancestry_column::EncodedAncestry;
use super::engine::SqlEngine;
use super::fork::child;
use super::fork_origin::{Origin, check_on_line, origin};
use super::lookup::{look_up, owned_branch, trunk_row};
use super::schema::branches;
use crate::domain::{Branch, MIN_TIME_STEP};
use crate::error::Error;
use crate::store::navigation::AncestryReader as _;
use crate::store::{ChatForkPoint, ChatForkRequest, ForkPointRequest, ForkRequest, Lookup, NewTrunk};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::ids::{BranchId, ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, on};

impl SqlEngine {
    pub(crate) async fn find_fork_point(&self, request: &ForkPointRequest) -> Result<ChatForkPoint, Error> {
        let request = *request;
        self.store.read(move |session| find_point(session, request).boxed()).await
    }

    pub(crate) async fn fork_chat(&self, request: &ChatForkRequest) -> Result<(), Error> {
        let request = *request;
        if self.is_forked(&request).await? {
            return Ok(());
        }
        let origin = match request.from.message {
            Some(message) => {
                let named = fork_of(request.owner, request.from.chat.trunk(), message);
                Some(self.store.read(|session| async move { origin(session, &named).await }.boxed()).await?)
            }
            None => None,
        };
        // The row of the parent in the source is locked, so that a deletion of it sees this trunk.
        let rows = origin.map(|origin| origin.parent);
        match self.write(rows, move |session| insert(session, request, origin).boxed()).await {
            Ok(()) => Ok(()),
            Err(Abort::Refused(error)) => Err(error),
            Err(Abort::Exists) => self.is_forked(&request).await.map(drop),
        }
    }

    /// Whether the trunk is there already. [`Error::ChatNotFound`] if it was deleted.
    async fn is_forked(&self, request: &ChatForkRequest) -> Result<bool, Error> {
        match self.look_up(request.owner, request.chat.trunk()).await? {
            Lookup::Found(_) => Ok(true),
            Lookup::Hidden => Err(Error::ChatNotFound),
            Lookup::Unknown => Ok(false),
        }
    }
}

/// The fork from a message that is read in a chat.
const fn fork_of(owner: UserId, target: BranchId, message: ResponseId) -> ForkRequest {
    ForkRequest { owner, target, from: Some(message), id: None, name: None, activate: false, key: None }
}

async fn find_point(session: &mut Session, request: ForkPointRequest) -> Result<ChatForkPoint, Error> {
    let ForkPointRequest { owner, target, branch: named, message } = request;
    let target = look_up(session, owner, target).await?.require()?;
    let chat = target.branch.chat;
    let named = match named {
        Some(named) => Some(branch_of_chat(session, owner, named, &target.branch).await?),
        None => None,
    };
    let is_line_named = named.is_some() || !target.branch.is_trunk();
    let Some(message) = message else {
        let line = match named {
            Some(named) => named,
            None if target.branch.is_trunk() => owned_branch(session, owner, target.active).await?.branch,
            None => target.branch,
        };
        return Ok(ChatForkPoint { chat, message: line.head });
    };
    let line = named.map_or(target.branch.id, |named| named.id);
    let origin = origin(session, &fork_of(owner, line, message)).await?;
    if is_line_named {
        check_on_line(session, line, origin).await?;
    }
    Ok(ChatForkPoint { chat, message: Some(message) })
}

/// A branch of the chat of another.
async fn branch_of_chat(
    session: &mut Session,
    owner: UserId,
    id: BranchId,
    other: &Branch,
) -> Result<Branch, Error> {
    let branch = owned_branch(session, owner, id).await?.branch;
    Some(branch).filter(|branch| branch.chat == other.chat).ok_or(Error::BranchNotFound)
}

/// Inserts the trunk, which stands on the message of the origin.
async fn insert(session: &mut Session, new: ChatForkRequest, origin: Option<Origin>) -> Result<(), Abort> {
    let ChatForkRequest { chat, owner, created_at, from } = new;
    let mut row = trunk_row(NewTrunk { chat, owner, created_at });
    if let Some(origin) = origin {
        lock(session, origin).await?;
        let parent = session.read_ancestry(origin.owner()).await?;
        let ancestry = child(session, &parent, chat.trunk(), origin.depth).await?;
        row.ancestry = EncodedAncestry::encode(&ancestry);
        (row.fork_depth, row.head_depth) = (origin.depth, origin.depth);
        (row.forked_from, row.head_response_id) = (from.message, from.message);
        row.stands_on = Some(origin.owner());
        // All that the chat owns is younger than what it inherits.
        let inherited_at = origin.created_at.map(|message| message.plus(MIN_TIME_STEP));
        row.created_at = inherited_at.map_or(created_at, |inherited_at| inherited_at.max(created_at));
    }
    let inserted = diesel::insert_into(branches::table).values(&row).on_conflict_do_nothing();
    if on!(session, |c| inserted.execute(c).await)? == 0 {
        return Err(Abort::Exists);
    }
    Ok(())
}

/// Locks the parent in the source. What that inherits itself is kept as long as its trunk is alive, which then is the parent.
async fn lock(session: &mut Session, origin: Origin) -> Result<(), Abort> {
    let parent = diesel::update(branches::table.find(origin.parent))
        .filter(branches::deleted_at.is_null())
        .set(branches::head_depth.eq(branches::head_depth));
    if on!(session, |c| parent.execute(c).await)? == 0 {
        return Err(Error::MessageNotFound.into());
    }
    let trunk = branches::table.find(origin.chat.trunk()).select(branches::deleted_at.is_null());
    let lives: Option<bool> = on!(session, |c| trunk.first(c).await.optional())?;
    if lives == Some(true) { Ok(()) } else { Err(Error::ChatNotFound.into()) }
}
