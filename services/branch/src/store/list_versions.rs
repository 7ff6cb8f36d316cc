//! The list of the versions of a message, the same on every engine.

use super::content_store::ContentStore;
use super::positions::TimePosition;
use super::read_message::MessageRequest;
use super::version_list::{OpenBranch, VersionEntry, VersionPage, VersionsOf, VersionsRequest};
use crate::domain::{Message, Previews};
use crate::error::Error;

impl ContentStore {
    /// Lists the versions of a message after a position, by time and id, each with the branch to activate: of the 50 branches of the
    /// chat that were last made active, the newest whose line has it; else its own.
    ///
    /// [`Error::MessageNotFound`], also if the message is not read in the named chat.
    pub async fn list_versions(&self, request: &VersionsRequest) -> Result<VersionPage, Error> {
        let &VersionsRequest { owner, message, reading_chat, after, limit } = request;
        let message = MessageRequest { owner, message, reading_chat };
        let Some(message) = self.find_message(message).await? else {
            return self.list_only_version(message, after).await;
        };
        let of = VersionsOf { chat: message.chat, parent: message.parent, depth: message.depth };
        self.list_versions_of(of, after, limit).await
    }

    /// Lists a message that is read in no chat, as its own is deleted: it has no other version, and no branch can be made active.
    async fn list_only_version(
        &self,
        message: MessageRequest,
        after: Option<TimePosition>,
    ) -> Result<VersionPage, Error> {
        let Message { id, branch, created_at, question, response, .. } =
            self.read_message(message).await?.ok_or(Error::MessageNotFound)?;
        let open = OpenBranch { branch, head: Some(id) };
        let previews = Previews::of(&question, &response);
        let entry = VersionEntry { id, branch, number: 1, created_at, previews, open };
        let items = if after.is_none() { Vec::from([entry]) } else { Vec::new() };
        Ok(VersionPage { items, next: None })
    }
}
