//! The list of the versions of a message, the same on every engine.

use super::content_store::ContentStore;
use super::read_message::MessageRequest;
use super::version_list::{VersionPage, VersionsOf, VersionsRequest};
use crate::error::Error;

impl ContentStore {
    /// Lists the versions of a message after a position, by time and id, each with the branch to activate: of the 50 branches of the
    /// chat that were last made active, the newest whose line has it; else its own.
    ///
    /// [`Error::MessageNotFound`], also if the message is not read in the named chat.
    pub async fn list_versions(&self, request: &VersionsRequest) -> Result<VersionPage, Error> {
        let &VersionsRequest { owner, message, reading_chat, after, limit } = request;
        let message = MessageRequest { owner, message, reading_chat };
        let message = self.find_message(message).await?.ok_or(Error::MessageNotFound)?;
        let of = VersionsOf { chat: message.chat, parent: message.parent, depth: message.depth };
        self.list_versions_of(of, after, limit).await
    }
}
