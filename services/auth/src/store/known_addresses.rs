//! Addresses from which users have logged in.

use super::schema::known_addresses;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::ids::UserId;
use shared_store::on;
use shared_store::{RunQueryDsl, Store, StoreError};
use shared_web::client_network::ClientNetwork;
use std::time::Duration;

/// How long an address is known after the last login.
pub(super) const KNOWN_ADDRESS_RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);

/// Whether a user has logged in from an address.
pub async fn knows_address(store: &Store, user: UserId, address: ClientNetwork) -> Result<bool, StoreError> {
    let counted = store.read(move |session| {
        let known = known_addresses::table.find((user, address.to_string()));
        async move { on!(session, |c| known.count().get_result::<i64, _>(c).await) }.boxed()
    });
    counted.await.map(|known: i64| known > 0)
}
