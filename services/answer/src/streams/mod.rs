//! Readers of runs: those of this replica's own runs get chunks from memory, those of others by one poll for all of them.

mod disconnect;
mod event;
mod follow;
mod hub;
mod log;
mod reader;

pub use disconnect::{DisconnectGuard, stop_unless_read};
pub use event::{FinalEvent, snapshot, start};
pub use follow::{follow, spawn_follower};
pub use hub::Hub;
pub use log::RunLog;
pub use reader::Reader;
