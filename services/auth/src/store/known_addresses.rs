//! From where users have logged in.

use super::schema::{known_addresses, users};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::client_network::ClientNetwork;
use shared::input::text;
use shared::on;
use shared::store::{Store, StoreError};
use std::time::Duration;

/// How long it is remembered after the last time.
pub(super) const MEMORY: Duration = Duration::from_secs(90 * 24 * 3600);

/// Whether the user of this name has logged in from there.
pub async fn knows_address(store: &Store, name: &str, address: ClientNetwork) -> Result<bool, StoreError> {
    let (folded, address) = (text::fold_case(name), address.to_string());
    let found: Option<String> = on!(store, |c| {
        let known = users::table.inner_join(known_addresses::table).filter(users::folded_name.eq(&folded));
        let there = known.filter(known_addresses::address.eq(&address));
        there.select(known_addresses::address).first(c).await.optional()
    })?;
    Ok(found.is_some())
}
