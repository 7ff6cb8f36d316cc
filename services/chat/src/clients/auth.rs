//! The client of the auth service, which knows the names of users.

use serde::Deserialize;
use shared::ids::UserId;
use shared_web::service_client::{CallError, ServiceClient};
use shared_web::telemetry::Trace;

/// Users, as the auth service knows them.
#[derive(Debug, Clone)]
pub struct Users(ServiceClient);

#[derive(Debug, Deserialize)]
struct User {
    username: String,
}

impl Users {
    /// Calls through this client.
    pub const fn new(client: ServiceClient) -> Self {
        Self(client)
    }

    /// The name of a user whom a login by `name` would find. `None` if it would find somebody else, or nobody.
    pub async fn login_name_if_matches(
        &self,
        user: UserId,
        name: &str,
        trace: &Trace,
    ) -> Result<Option<String>, CallError> {
        let path = format!("/internal/users/{user}");
        let user: Option<User> = self.0.get(&path, &[("name", name.to_owned())], trace).await?;
        Ok(user.map(|user| user.username))
    }
}
