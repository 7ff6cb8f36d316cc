//! The state that handlers share.

use crate::clients::{Branches, Chats};
use crate::domain::Timing;
use crate::executor::Executor;
use crate::keyring::Keyring;
use crate::models::Models;
use crate::store::UserLimits;
use crate::streams::Hub;
use shared::tasks::Tasks;
use shared_store::Store;

/// The state that handlers share.
pub struct State {
    /// Runs and their chunks.
    pub store: Store,
    /// The branch service.
    pub branches: Branches,
    /// The chat service.
    pub chats: Chats,
    /// The models of the deployment.
    pub models: Models,
    /// Encrypts users' own keys; none where they may have none.
    pub user_keys: Option<Keyring>,
    /// Executes runs.
    pub executor: Executor,
    /// The logs of runs that are read here.
    pub hub: Hub,
    /// The limits of a user.
    pub limits: UserLimits,
    /// The most bytes of a question, and of its items.
    pub question_bytes: usize,
    /// The times.
    pub timing: Timing,
    /// The background tasks.
    pub tasks: Tasks,
}
