//! Freed memory goes back to the system while a program is idle.
//!
//! The allocator (mimalloc) gives freed pages back a second after they were freed, but looks for them only while others of
//! their size are allocated or freed. After a burst of large bodies a program that has nothing to do would keep them.

use std::hint::black_box;
use std::time::Duration;
use tokio::time::sleep;

/// How often the allocator is made to look.
const RETURN_INTERVAL: Duration = Duration::from_secs(5);
/// A block of so many bytes is none of the small ones that the allocator keeps for a thread. It is never written to, so that
/// it takes no memory itself.
const BLOCK_BYTES: usize = 64 << 20;

/// Makes the allocator look again and again.
pub(super) async fn keep_returning() {
    loop {
        sleep(RETURN_INTERVAL).await;
        drop(black_box(Vec::<u8>::with_capacity(BLOCK_BYTES)));
    }
}
