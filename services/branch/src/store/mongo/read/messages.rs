//! Messages by id, and by idempotency key.

use crate::domain::Message;
use crate::error::Error;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::branch_with_trunk;
use crate::store::mongo::read::message_forks;
use mongodb::bson::doc;
use shared::idempotency::IdempotencyKey;
use shared::ids::{ResponseId, UserId};

impl MongoEngine {
    pub(crate) async fn read_message(&self, owner: UserId, id: ResponseId) -> Result<Option<Message>, Error> {
        let filter = doc! {"_id": id.to_string(), "owner": owner.to_string()};
        let Some(found) = self.messages.find_one(filter).await? else { return Ok(None) };
        if branch_with_trunk(self, owner, found.chat, found.branch).await?.require_both().is_err() {
            return Ok(None);
        }
        let found = [found];
        let forks = message_forks::of_messages(self, &found, message_forks::ForksByMessage::new())
            .await?
            .remove(&id)
            .unwrap_or_default();
        let [found] = found;
        Ok(Some(found.into_message(forks)))
    }

    /// The message that a request with this key has created.
    pub(crate) async fn replay_message(&self, key: &IdempotencyKey) -> Result<Option<Message>, Error> {
        let made = self.messages.find_one(doc! {"key_id": key.id.to_string()}).await?;
        let Some(made) = made else { return Ok(None) };
        if !made.is_made_by(key) {
            return Err(Error::KeyReused);
        }
        self.read_message(made.owner, made.id).await?.map(Some).ok_or(Error::MessageNotFound)
    }
}
