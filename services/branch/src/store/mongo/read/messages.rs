//! Messages by id, and by idempotency key.

use crate::domain::Message;
use crate::error::Error;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::branch_with_trunk;
use crate::store::mongo::read::{message_forks, versions};
use mongodb::bson::doc;
use shared::ids::{ResponseId, UserId};

impl MongoEngine {
    pub(crate) async fn read_message(&self, owner: UserId, id: ResponseId) -> Result<Option<Message>, Error> {
        let filter = doc! {"_id": id.to_string(), "owner": owner.to_string()};
        let Some(found) = self.messages.find_one(filter).await? else { return Ok(None) };
        if branch_with_trunk(self, owner, found.chat, found.branch).await?.require_both().is_err() {
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
