//! The report of activity: a background task tells the chat service what has changed in chats, at most two seconds later.
//!
//! It costs appends nothing: the reporter scans messages by the time at which they were stored, and branches by the time at which they
//! were last changed, from a watermark on. A message or a change becomes visible after its time was taken, so that each scan goes back by
//! an overlap. What is reported are absolute values, read after the change was seen, with a version that rises: a report may be
//! repeated, come late, or come twice, and the latest wins.
//!
//! ```text
//!   scans: what changed since the watermarks? --- nothing new ---> nothing is written
//!                  |
//!                  v
//!   swap the lease (compare and swap) --- another process reports ---> wait until its lease is over
//!                  |   a higher version, the watermarks so far
//!                  v
//!   read the activity of these chats ---> PUT /internal/activity ---> the changes are reported, the watermarks rise
//! ```
//!
//! A crash at any point leaves the watermarks of the lease behind, from where the next process goes on: it reports some chats again. While
//! nothing changes, no process holds the lease, and each one has two short lookups in indexes a second.

mod changed_chats;
mod lag;
mod large_chats;
mod reporter;
mod scan;
mod sink;
mod task;

pub use reporter::{Progress, Reporter};
pub use sink::{ActivitySink, ReportError};
pub(crate) use task::spawn_reporter;
