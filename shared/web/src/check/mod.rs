//! Checks of a server for [`shared::check`]: its file descriptors, and the services that it calls.

mod descriptors;
mod peer;

pub use descriptors::check_descriptors;
pub use peer::{Peer, check_peer};
