//! Forks of chats.

use crate::error::Error;
use crate::store::mongo::client::errors::unavailable;
use crate::store::mongo::engine::MongoEngine;
use crate::store::{ChatForkPoint, ChatForkRequest, ForkPointRequest};

impl MongoEngine {
    pub(crate) async fn find_fork_point(&self, _: &ForkPointRequest) -> Result<ChatForkPoint, Error> {
        Err(unavailable("chats are not forked yet"))
    }

    pub(crate) async fn fork_chat(&self, _: &ChatForkRequest) -> Result<(), Error> {
        Err(unavailable("chats are not forked yet"))
    }
}
