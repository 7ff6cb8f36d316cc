//! Logins that are answered while SQLite cannot write: the disk is full, or another process locks the file.
//!
//! Their refresh tokens are kept in memory until they can be written, and are valid from then on. On PostgreSQL such logins
//! fail: another replica would not know the token.

use super::families::{Login, open_family};
use super::users::User;
use crate::domain::TokenHash;
use shared::clock::Timestamp;
use shared::error::causes;
use shared::ids::UserId;
use shared::tasks::Tasks;
use shared_store::{Store, StoreError};
use shared_web::client_network::ClientNetwork;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most pending logins: some megabytes.
const MAX_PENDING_LOGINS: usize = 10_000;
/// The interval of attempts to write them.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A login that is not written yet.
#[derive(Debug, Clone)]
struct PendingLogin {
    user: User,
    address: ClientNetwork,
    token: TokenHash,
    expires_at: Timestamp,
    now: Timestamp,
}

impl PendingLogin {
    fn of(login: &Login<'_>) -> Self {
        let Login { user, address, token, expires_at, now, renewed_hash: _ } = login;
        Self {
            user: (*user).clone(),
            address: *address,
            token: token.clone(),
            expires_at: *expires_at,
            now: *now,
        }
    }

    /// Without a renewed hash: other pending logins of this user were checked against the present one.
    fn as_login(&self) -> Login<'_> {
        let Self { user, address, token, expires_at, now } = self;
        let (address, expires_at, now) = (*address, *expires_at, *now);
        Login { user, renewed_hash: None, address, token: token.clone(), expires_at, now }
    }
}

/// The logins that are not written yet. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PendingLogins {
    store: Store,
    queue: Arc<Mutex<Vec<PendingLogin>>>,
    /// Held while one is written, so that none is written twice.
    writing: Arc<tokio::sync::Mutex<()>>,
}

impl PendingLogins {
    /// Starts the task that writes them, until the service stops.
    pub fn spawn(store: &Store, tasks: &Tasks) -> Self {
        let this = Self { store: store.clone(), queue: Arc::default(), writing: Arc::default() };
        if this.is_supported() {
            let pending = this.clone();
            tasks.every(RETRY_INTERVAL, move || {
                let pending = pending.clone();
                async move { pending.write_all().await }
            });
            // The last attempt: what is not written then is lost.
            let (pending, stopping) = (this.clone(), tasks.stopping().clone());
            tasks.spawn(async move {
                stopping.cancelled().await;
                pending.write_all().await;
            });
        }
        this
    }

    fn is_supported(&self) -> bool {
        matches!(self.store, Store::Sqlite { .. })
    }

    fn queue(&self) -> MutexGuard<'_, Vec<PendingLogin>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a family at a login, now or as soon as the database takes writes. False if the password was changed
    /// meanwhile.
    pub async fn open_family(&self, login: &Login<'_>) -> Result<bool, StoreError> {
        // Pending logins were checked against the present hash: it is renewed once they are written.
        let renewed_hash = login.renewed_hash.clone().filter(|_| !self.is_awaited_by(login.user.id));
        let login = &Login { renewed_hash, ..login.clone() };
        match open_family(&self.store, login).await {
            Err(error) if error.is_transient() && self.is_supported() => {
                let mut queue = self.queue();
                if queue.len() >= MAX_PENDING_LOGINS {
                    return Err(error);
                }
                if queue.is_empty() {
                    tracing::warn!(error = causes(&error), "logins are written later");
                }
                queue.push(PendingLogin::of(login));
                Ok(true)
            }
            opened => opened,
        }
    }

    /// Writes the login of this token, if it is pending.
    pub async fn write(&self, token: &TokenHash) -> Result<(), StoreError> {
        if self.find(token).is_none() {
            return Ok(());
        }
        let _writing = self.writing.lock().await;
        self.write_one(token).await
    }

    /// Drops the login of this token, if it is pending and this user's.
    pub async fn forget(&self, user: UserId, token: &TokenHash) {
        if self.find(token).is_none() {
            return;
        }
        let _writing = self.writing.lock().await;
        self.queue().retain(|login| login.user.id != user || login.token != *token);
    }

    fn is_awaited_by(&self, user: UserId) -> bool {
        self.queue().iter().any(|login| login.user.id == user)
    }

    fn find(&self, token: &TokenHash) -> Option<PendingLogin> {
        self.queue().iter().find(|login| login.token == *token).cloned()
    }

    /// Writes one, under the lock. It opens no family if the user is deleted or the password was changed.
    async fn write_one(&self, token: &TokenHash) -> Result<(), StoreError> {
        let Some(login) = self.find(token) else { return Ok(()) };
        match open_family(&self.store, &login.as_login()).await {
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => tracing::error!(error = causes(&error), "a login cannot be written"),
            Ok(_) => {}
        }
        self.queue().retain(|login| login.token != *token);
        Ok(())
    }

    async fn write_all(&self) {
        let tokens: Vec<_> = self.queue().iter().map(|login| login.token.clone()).collect();
        for token in tokens {
            let _writing = self.writing.lock().await;
            if self.write_one(&token).await.is_err() {
                return;
            }
        }
    }
}
