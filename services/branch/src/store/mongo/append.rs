//! Appending: one insert at the depth after the head.

use super::documents::MessageDoc;
use super::failure::{Refusal, refusal, unavailable};
use super::heads::{Head, Locked, head};
use super::look_up::line;
use super::patience::Patience;
use super::{Mongo, messages};
use crate::domain::{Forks, Message};
use crate::error::Error;
use crate::store::NewMessage;
use mongodb::bson::doc;
use mongodb::error::Error as MongoError;
use shared::idempotency::Created;
use shared::ids::ResponseId;

pub(super) async fn append(mongo: &Mongo, new: &NewMessage) -> Result<Created<Message>, Error> {
    let id = ResponseId::generate();
    let mut patience = Patience::new();
    loop {
        let locked = patience.wait(mongo.heads.lock(new.branch)).await?;
        let mut locked = locked.ok_or_else(|| unavailable("no lock"))?;
        let tried = attempt(mongo, new, id, &mut locked).await;
        drop(locked);
        match tried? {
            Some(created) => return Ok(created),
            // A replica was first.
            None => patience.pause().await?,
        }
    }
}

/// Tries once; `None` if another message came first. The head is remembered only after a success.
async fn attempt(
    mongo: &Mongo,
    new: &NewMessage,
    id: ResponseId,
    locked: &mut Locked<'_>,
) -> Result<Option<Created<Message>>, Error> {
    let remembered = locked.take(mongo.clock.now());
    let mut head = match remembered {
        Some(head) => head,
        None => read(mongo, new).await?,
    };
    if head.chat != new.chat || head.owner != new.owner {
        locked.remember(head);
        return Err(Error::BranchNotFound);
    }
    if !new.expected_head.allows(head.id) {
        // Before the head is compared, else the second of two equal requests would be told that it has moved.
        if let Some(made) = replay(mongo, new).await? {
            return Ok(Some(made));
        }
        if remembered.is_some() {
            head = read(mongo, new).await?;
        }
        if !new.expected_head.allows(head.id) {
            return Err(Error::HeadMoved { head: head.id });
        }
    }
    let document = MessageDoc::new(new, id, head.depth + 1, head.id, mongo.clock.now());
    // Whoever deletes the branch meanwhile is seen here, or sees the message.
    let insert = mongo.messages.insert_one(&document);
    let (inserted, seen) =
        futures_util::join!(insert.into_future(), line(mongo, new.owner, new.chat, new.branch));
    let document = match inserted {
        Ok(_) => document,
        Err(error) => match settle(mongo, new, id, error).await? {
            Settled::Stored(document) => *document,
            Settled::Replayed(created) => return Ok(Some(created)),
            Settled::Raced => return Ok(None),
        },
    };
    if let Err(gone) = seen?.both() {
        mongo.messages.delete_one(doc! {"_id": id.to_string(), "branch": new.branch.to_string()}).await?;
        return Err(gone);
    }
    locked.remember(Head { at: document.created_at, depth: document.depth, id: Some(id), ..head });
    mongo.behind.head(new.branch, document.depth, id);
    Ok(Some(Created::new(document.into_message(Forks::default()))))
}

/// The head of the line as it is in the database.
async fn read(mongo: &Mongo, new: &NewMessage) -> Result<Head, Error> {
    let (branch, _) = line(mongo, new.owner, new.chat, new.branch).await?.both()?;
    let (depth, id) = head(mongo, &branch).await?;
    Ok(Head { at: mongo.clock.now(), chat: new.chat, owner: new.owner, depth, id })
}

async fn replay(mongo: &Mongo, new: &NewMessage) -> Result<Option<Created<Message>>, Error> {
    match &new.key {
        Some(key) => Ok(messages::replay(mongo, key).await?.map(Created::replayed)),
        None => Ok(None),
    }
}

/// What became of an insert that was answered with an error.
enum Settled {
    /// It is there all the same.
    Stored(Box<MessageDoc>),
    /// An equal request was first.
    Replayed(Created<Message>),
    /// Another message was first.
    Raced,
}

async fn settle(
    mongo: &Mongo,
    new: &NewMessage,
    id: ResponseId,
    error: MongoError,
) -> Result<Settled, Error> {
    let refusal = refusal(&error);
    if refusal == Refusal::Failed {
        return Err(error.into());
    }
    // Our own write, perhaps, made before the connection died.
    let own = mongo.messages.find_one(doc! {"_id": id.to_string()}).await;
    match own {
        Ok(Some(own)) => return Ok(Settled::Stored(Box::new(own))),
        Ok(None) if refusal == Refusal::Duplicate => {}
        Ok(None) | Err(_) => return Err(error.into()),
    }
    Ok(replay(mongo, new).await?.map_or(Settled::Raced, Settled::Replayed))
}
