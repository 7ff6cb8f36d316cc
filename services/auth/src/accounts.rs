//! Operations on accounts that routes and commands share.

use crate::domain::{Password, Username};
use crate::error::Error;
use crate::hasher::Hasher;
use crate::store::{self, User};
use shared::clock::Clock;
use shared::ids::UserId;
use shared::service::Service;
use shared_outbox::Delivery;
use shared_store::Store;
use shared_web::telemetry::Trace;

/// Creates a user.
pub async fn create(
    store: &Store,
    hasher: &Hasher,
    clock: &Clock,
    (name, password): (Username, Password),
) -> Result<User, Error> {
    // A taken name costs no hash. The unique index decides in any case.
    if store::is_name_taken(store, &name).await? {
        return Err(Error::UsernameTaken);
    }
    let hash = hasher.hash(password).await?;
    let user = User::new(&name, hash, clock.now());
    if store::create_user(store, &user).await? { Ok(user) } else { Err(Error::UsernameTaken) }
}

/// Sets a new password without the old one, and revokes every refresh token of the user.
pub async fn reset_password(
    store: &Store,
    hasher: &Hasher,
    id: UserId,
    password: Password,
) -> Result<(), Error> {
    let hash = hasher.hash(password).await?;
    loop {
        let user = store::find_user(store, id).await?.ok_or(Error::UserNotFound)?;
        // Between the two statements a login has renewed the hash, or the password was changed.
        if store::change_password(store, id, &user.password_hash, &hash).await? {
            return Ok(());
        }
    }
}

/// Deletes a user with its tokens. Returns the outbox deliveries: for the chat service, and for the answer service where there is one.
pub async fn delete(
    store: &Store,
    clock: &Clock,
    id: UserId,
    has_answers: bool,
    trace: &Trace,
) -> Result<Vec<Delivery>, Error> {
    let told = [Some(Service::Chat), has_answers.then_some(Service::Answer)];
    let deliveries = told
        .into_iter()
        .flatten()
        .map(|service| Delivery::delete(service, format!("/internal/accounts/{id}"), trace, clock.now()));
    let deliveries: Vec<_> = deliveries.collect();
    store::delete_user(store, id, &deliveries).await?;
    Ok(deliveries)
}
