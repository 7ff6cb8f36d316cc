//! Messages by id, as they are read in a chat.

use crate::domain::{Forks, Message};
use crate::error::Error;
use crate::store::MessageRequest;
use crate::store::inherited_line::BranchPlace;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::inherited_messages::inherited_line;
use crate::store::mongo::read::kept_messages::is_kept;
use crate::store::mongo::read::lookup::branch_with_trunk;
use crate::store::mongo::read::reading_chat::ReadingChat;
use crate::store::mongo::read::target::Target;
use crate::store::mongo::read::{message_forks, versions};
use crate::store::read_message::FoundMessage;
use mongodb::bson::doc;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};

/// A message, and where it is read.
struct MessageInChat {
    message: MessageDoc,
    /// None if its own chat is deleted, and it is kept.
    chat: Option<ChatId>,
}

impl MongoEngine {
    pub(crate) async fn find_message(&self, request: MessageRequest) -> Result<Option<FoundMessage>, Error> {
        let Some(MessageInChat { message, chat }) = find(self, request, false).await? else {
            return Ok(None);
        };
        let found = |chat| FoundMessage { chat, parent: message.parent, depth: message.depth };
        Ok(chat.map(found))
    }

    pub(crate) async fn read_message(&self, request: MessageRequest) -> Result<Option<Message>, Error> {
        let Some(MessageInChat { message, chat }) = find(self, request, true).await? else { return Ok(None) };
        let Some(chat) = chat else { return Ok(Some(message.into_message(Forks::default()))) };
        self.read_in(chat, message).await.map(Some)
    }

    /// Reads a message in its own chat; `None` if it is deleted there.
    pub(crate) async fn read_own_message(
        &self,
        owner: UserId,
        id: ResponseId,
    ) -> Result<Option<Message>, Error> {
        let request = MessageRequest::in_own_chat(owner, id);
        let Some(MessageInChat { message, chat }) = find(self, request, false).await? else {
            return Ok(None);
        };
        match chat {
            Some(chat) => self.read_in(chat, message).await.map(Some),
            None => Ok(None),
        }
    }

    async fn read_in(&self, chat: ChatId, message: MessageDoc) -> Result<Message, Error> {
        let (reading, found) = (ReadingChat::One(chat), [message]);
        let forks = message_forks::of_messages(self, reading, &found, message_forks::ForksByMessage::new());
        let versions = versions::of_messages(self, reading, &found);
        let (mut forks, mut versions) = futures_util::try_join!(forks, versions)?;
        let [message] = found;
        let (forks, version) = (forks.remove(&message.id), versions.remove(&message.id));
        let message = message.into_message(forks.unwrap_or_default()).with_version(version);
        Ok(message.read_in(chat))
    }
}

/// Finds a message where it is read, with `kept` also if its own chat is deleted and it is kept.
async fn find(
    mongo: &MongoEngine,
    MessageRequest { owner, message, reading_chat }: MessageRequest,
    kept: bool,
) -> Result<Option<MessageInChat>, Error> {
    let found = mongo.messages.find_one(doc! {"_id": message.to_string(), "owner": owner.to_string()});
    let Some(target) = reading_chat else {
        return match found.await? {
            Some(message) => find_in_own_chat(mongo, owner, message, kept).await,
            None => Ok(None),
        };
    };
    let target = Target::find(mongo, owner, target, []);
    let (target, found) = futures_util::join!(target, found.into_future());
    let (target, found) = (target?.require()?, found?);
    let Some(message) = found else { return Ok(None) };
    let chat = target.branch.chat;
    let is_read = is_read_in(mongo, &target, (message.chat, message.branch, message.depth)).await?;
    Ok(is_read.then_some(MessageInChat { message, chat: Some(chat) }))
}

async fn find_in_own_chat(
    mongo: &MongoEngine,
    owner: UserId,
    message: MessageDoc,
    kept: bool,
) -> Result<Option<MessageInChat>, Error> {
    let (chat, place) = (message.chat, (message.branch, message.depth));
    match branch_with_trunk(mongo, owner, chat, message.branch).await? {
        found if found.trunk.is_some() => {
            Ok(found.branch.map(|_| MessageInChat { message, chat: Some(chat) }))
        }
        _ if kept && is_kept(mongo, chat, place).await? => Ok(Some(MessageInChat { message, chat: None })),
        _ => Ok(None),
    }
}

/// Whether a message, which a branch of a chat owns at a depth, is read in the chat of a target: as one of its own, or as one that its
/// trunk inherits.
pub(crate) async fn is_read_in(
    mongo: &MongoEngine,
    target: &Target,
    (chat, branch, depth): (ChatId, BranchId, i64),
) -> Result<bool, Error> {
    if chat != target.branch.chat {
        return inherited_line(target.trunk())?.has(mongo, BranchPlace { branch, depth }).await;
    }
    if target.branch_of_chat(branch).is_some() {
        return Ok(true);
    }
    Ok(mongo.branch_loader.load_one(branch).await?.is_some_and(|branch| target.is_of_chat(&branch)))
}
