#![doc = include_str!("../README.md")]

mod compact;
mod connect_failure;
mod engine;
mod error;
mod inspect;
mod keyed_mutex;
mod last_write;
mod macros;
mod migrate;
mod open;
mod pg_stream;
mod pg_tls;
mod pool_state;
mod postgres;
pub mod private;
mod sqlite;
mod sqlite_error;
mod sqlite_maintenance;
mod sqlstate;
mod store;
mod text_enum;
mod tls;

pub use compact::{compact, compact_database};
pub use error::StoreError;
pub use inspect::inspect;
pub use keyed_mutex::{KeyGuard, KeyedMutex};
pub use last_write::LastWrite;
pub use migrate::Migrations;
pub use sqlite::{is_missing, missing_file};
pub use store::{AsyncSqlite, MAX_DESCRIPTORS, Store, checkout};
