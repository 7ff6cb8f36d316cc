//! The auth service, which knows the names of users.

use serde::Deserialize;
use shared::client::{CallError, ServiceClient};
use shared::ids::UserId;
use shared::server::Trace;

/// Asks the auth service.
#[derive(Debug, Clone)]
pub struct Users(ServiceClient);

#[derive(Debug, Deserialize)]
struct User {
    username: String,
}

impl Users {
    /// Asks by this client.
    pub const fn new(client: ServiceClient) -> Self {
        Self(client)
    }

    /// The name of a user; none where the user is gone.
    pub async fn name(&self, user: UserId, trace: &Trace) -> Result<Option<String>, CallError> {
        let user: Option<User> = self.0.get(&format!("/internal/users/{user}"), &[], trace).await?;
        Ok(user.map(|user| user.username))
    }
}
