//! Forks of chats.

use super::engine::SqlEngine;
use crate::error::Error;
use crate::store::{ChatForkPoint, ChatForkRequest, ForkPointRequest};

impl SqlEngine {
    pub(crate) async fn find_fork_point(&self, _: &ForkPointRequest) -> Result<ChatForkPoint, Error> {
        Err(Error::MessageNotFound)
    }

    pub(crate) async fn fork_chat(&self, _: &ChatForkRequest) -> Result<(), Error> {
        Err(Error::MessageNotFound)
    }
}
