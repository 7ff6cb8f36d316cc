//! Queries: plain functions over a [`Store`]. An absent row is `None`, not an error.

mod families;
mod known_addresses;
mod name_holders;
mod name_keys;
mod names;
mod pending_logins;
mod schema;
mod users;

pub use families::{Login, Rotation, find_family, revoke_family, rotate, spawn_expiry};
pub use known_addresses::knows_address;
pub use name_keys::{renew_name_keys, spawn_renewal, warn_of_shared_keys};
pub use names::{find_user_by_name, is_name_taken};
pub use pending_logins::PendingLogins;
pub use users::{User, change_password, create_user, delete_user, find_user, list_users};

use shared_store::Migrations;

/// The tables of this service.
pub fn migrations() -> Migrations {
    shared_store::embed_store_migrations!()
}
