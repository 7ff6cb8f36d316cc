//! Purging of freed memory while a program is idle.
//!
//! mimalloc returns freed pages to the system a second after they were freed, but only while pages of their size are allocated or
//! freed. After a burst of large bodies an idle program would keep them.

use std::hint::black_box;
use std::time::Duration;

/// The interval of purges.
pub(super) const PURGE_INTERVAL: Duration = Duration::from_secs(5);
/// The size of the block that triggers a purge: larger than the blocks that the allocator keeps for each thread. It is never written,
/// so it takes no memory itself.
const PROBE_BLOCK_BYTES: usize = 64 << 20;

/// Triggers a purge.
pub(super) fn purge() {
    drop(black_box(Vec::<u8>::with_capacity(PROBE_BLOCK_BYTES)));
}
