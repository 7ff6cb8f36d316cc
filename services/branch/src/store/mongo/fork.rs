//! Forking: one insert of bounded size, and then a look whether what it forks from is still there.

use super::Mongo;
use super::behind::done;
use super::documents::{BranchDoc, State};
use super::failure::{Refusal, refusal};
use super::fields::texts;
use super::look_up::{find, in_state, line, living, node};
use crate::error::Error;
use crate::store::lines::{Places as _, reach};
use crate::store::{NewBranch, Node};
use mongodb::bson::{Document, doc};
use shared::clock::Timestamp;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ResponseId};

/// The branch and the depth that a fork begins at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    parent: BranchId,
    depth: i64,
    /// When the message there was stored, if it begins at one.
    created_at: Option<Timestamp>,
    /// The message, where it has yet to say that it may be forked.
    unforked: Option<ResponseId>,
}

/// Finds the message of a fork, which must lie on the line that was named.
pub(super) async fn origin(mongo: &Mongo, new: &NewBranch) -> Result<Origin, Error> {
    let Some(message) = new.from else {
        return Ok(Origin { parent: new.chat.trunk(), depth: 0, created_at: None, unforked: None });
    };
    let filter =
        doc! {"_id": message.to_string(), "chat": new.chat.to_string(), "owner": new.owner.to_string()};
    let message = mongo.messages.find_one(filter).await?.ok_or(Error::MessageNotFound)?;
    let (parent, depth) = (message.branch, message.depth);
    let unforked = Some(message.id).filter(|_| !message.may_be_forked());
    if !find(mongo, parent).await?.is_some_and(|parent| parent.alive) {
        return Err(Error::MessageNotFound);
    }
    if let Some(line) = new.line.filter(|line| *line != parent) {
        let line = mongo.place(line).await?;
        let inherited = depth <= line.fork_depth;
        let owner = if inherited { reach(mongo, line, depth).await?.owner(depth) } else { None };
        if owner != Some(parent) {
            return Err(Error::MessageNotFound);
        }
    }
    Ok(Origin { parent, depth, created_at: Some(message.created_at), unforked })
}

pub(super) async fn fork(mongo: &Mongo, new: &NewBranch) -> Result<Created<Node>, Error> {
    let origin = origin(mongo, new).await?;
    let (parent, trunk) = origins(line(mongo, new.owner, new.chat, origin.parent).await?)?;
    // Not older than what it comes from, whatever the clock says.
    let created_at = mongo.clock.now().max(parent.created_at);
    let created_at = origin.created_at.map_or(created_at, |message| created_at.max(message));
    let parent = parent.ancestry()?;
    let wanted = match parent.wanted_by_child() {
        None => None,
        Some(wanted) => Some(mongo.place(wanted).await?),
    };
    let place = parent.child(new.id.unwrap_or_else(BranchId::generate), origin.depth, wanted.as_ref());
    let place = place.forked_from(new.from);
    let mut child = BranchDoc::fork(new, &place, origin.parent, created_at);
    child.due = Some(mongo.clock.now().plus(super::sweep::GRACE).as_micros());
    child.over = trunk.active.filter(|_| new.activate);
    if let Some(message) = origin.unforked {
        // Pages do not look for forks of messages that do not say this.
        let forked = doc! {"_id": message.to_string(), "branch": origin.parent.to_string()};
        mongo.messages.update_one(forked, doc! {"$set": {"forked": true}}).await?;
    }
    if !insert(mongo, &child).await? {
        let made = match &new.key {
            Some(key) => replay(mongo, key).await?,
            None => None,
        };
        return made.map(Created::replayed).ok_or(Error::IdTaken);
    }
    let trunk = join(mongo, &child).await?;
    if child.activate {
        activate(mongo, &child, doc! {}).await?;
    }
    mongo.behind.forked(&child);
    let active = if child.activate { child.id } else { living(mongo, trunk.active, child.chat).await? };
    let (depth, head) = (child.fork_depth, child.head);
    Ok(Created::new(Node { branch: child.branch(depth, head), active }))
}

/// Inserts a fork; false if its id or its key is taken.
async fn insert(mongo: &Mongo, child: &BranchDoc) -> Result<bool, Error> {
    let Err(error) = mongo.branches.insert_one(child).await else { return Ok(true) };
    let refusal = refusal(&error);
    if refusal == Refusal::Failed {
        return Err(error.into());
    }
    // Our own write, perhaps, made before the connection died.
    let found = find(mongo, child.id).await;
    match found {
        Ok(Some(found)) if found.op == child.op => Ok(true),
        Ok(_) if refusal == Refusal::Duplicate => Ok(false),
        Ok(_) | Err(_) => Err(error.into()),
    }
}

/// Brings a fork to its end that was found under way. Its request may have died long ago: it becomes the active branch
/// only if that is still the one of then, or what remained of it, lest a choice made since be lost.
pub(super) async fn settle(mongo: &Mongo, child: &BranchDoc) -> Result<(), Error> {
    join(mongo, child).await?;
    if child.activate {
        let heir = living(mongo, child.over, child.chat).await?;
        let before = texts(child.over.into_iter().chain([heir]));
        activate(mongo, child, doc! {"active": {"$in": before}}).await?;
    } else {
        let (filter, change) = done(child.id, child.op);
        mongo.branches.update_one(filter, change).await?;
    }
    mongo.behind.forked(child);
    Ok(())
}

/// Sees to it that a fork hangs on something that stays, and tells the trunk as it is then: the fork is taken back if what
/// it forks from is gone.
async fn join(mongo: &Mongo, child: &BranchDoc) -> Result<BranchDoc, Error> {
    let parent = child.parent.unwrap_or(child.chat.trunk());
    loop {
        let (parent, trunk) = match origins(line(mongo, child.owner, child.chat, parent).await?) {
            Ok(origins) => origins,
            Err(gone) => {
                take_back(mongo, child).await?;
                return Err(gone);
            }
        };
        if !parent.is_in(State::Checking) {
            return Ok(trunk);
        }
        // Somebody wants to delete it if nothing forks from it. This does.
        give_up(mongo, &parent).await?;
    }
}

/// Makes a fork the active branch, if its trunk is like this, and ends it. Before the answer: a repetition must not
/// activate it once more, over what was chosen since.
async fn activate(mongo: &Mongo, child: &BranchDoc, mut trunk: Document) -> Result<(), Error> {
    trunk.extend(doc! {"_id": child.chat.to_string(), "alive": true});
    mongo.branches.update_one(trunk, doc! {"$set": {"active": child.id.to_string()}}).await?;
    let (filter, change) = done(child.id, child.op);
    mongo.branches.update_one(filter, change).await?;
    Ok(())
}

/// What a fork must find: its parent and the trunk.
fn origins(line: super::look_up::Line) -> Result<(BranchDoc, BranchDoc), Error> {
    if line.trunk.is_none() {
        return Err(Error::ChatNotFound);
    }
    line.both().map_err(|_| Error::MessageNotFound)
}

/// Ends the check of a branch that something forks from.
pub(super) async fn give_up(mongo: &Mongo, parent: &BranchDoc) -> Result<(), Error> {
    let change = doc! {"$unset": {"state": "", "due": "", "op": ""}};
    mongo.branches.update_one(in_state(parent, State::Checking), change).await?;
    Ok(())
}

/// A tombstone, because somebody may have appended to it already; but its key is free.
async fn take_back(mongo: &Mongo, child: &BranchDoc) -> Result<(), Error> {
    let now = mongo.clock.now().as_micros();
    let change = doc! {
        "$set": {"alive": false, "state": State::Final.name(), "due": now, "deleted_at": now},
        "$unset": {"key_id": "", "request_hash": "", "activate": "", "over": ""},
    };
    // Perhaps a cascade has taken it along already.
    let op = child.op.map(|op| op.to_string());
    mongo.branches.update_one(doc! {"_id": child.id.to_string(), "op": op}, change).await?;
    Ok(())
}

/// The branch that a request with this key has made.
pub(super) async fn replay(mongo: &Mongo, key: &IdempotencyKey) -> Result<Option<Node>, Error> {
    let made = mongo.branches.find_one(doc! {"key_id": key.id.to_string()}).await?;
    let Some(made) = made else { return Ok(None) };
    if !made.is_of(key) {
        return Err(Error::KeyReused);
    }
    if made.is_in(State::Forking) {
        settle(mongo, &made).await?;
    }
    node(mongo, made.owner, made.id).await.map(Some)
}
