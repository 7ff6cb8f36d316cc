//! Messages by id, and by idempotency key.

use crate::domain::Message;
use crate::error::Error;
use crate::store::MessageRequest;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::branch_with_trunk;
use crate::store::mongo::read::{message_forks, versions};
use crate::store::read_message::FoundMessage;
use mongodb::bson::doc;

impl MongoEngine {
    pub(crate) async fn find_message(&self, request: MessageRequest) -> Result<Option<FoundMessage>, Error> {
        let found = self.read_message(request).await?;
        Ok(found.map(|found| FoundMessage { chat: found.chat, parent: found.parent, depth: found.depth }))
    }

    pub(crate) async fn read_message(&self, request: MessageRequest) -> Result<Option<Message>, Error> {
        let MessageRequest { owner, message: id, reading_chat } = request;
        let chat = match reading_chat {
            Some(chat) => Some(self.resolve(owner, chat).await?.require()?.chat),
            None => None,
        };
        let filter = doc! {"_id": id.to_string(), "owner": owner.to_string()};
        let Some(found) = self.messages.find_one(filter).await? else { return Ok(None) };
        if branch_with_trunk(self, owner, found.chat, found.branch).await?.require_both().is_err() {
            return Ok(None);
        }
        if chat.is_some_and(|chat| chat != found.chat) {
            return Ok(None);
        }
        let found = [found];
        let forks = message_forks::of_messages(self, &found, message_forks::ForksByMessage::new());
        let (mut forks, mut versions) = futures_util::try_join!(forks, versions::of_messages(self, &found))?;
        let [found] = found;
        let message = found.into_message(forks.remove(&id).unwrap_or_default());
        Ok(Some(message.with_version(versions.remove(&id))))
    }
}
