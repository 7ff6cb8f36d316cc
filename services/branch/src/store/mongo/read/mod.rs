//! Reads: lookups, heads, pages of lines, lists.

pub(super) mod branches;
pub(super) mod forks;
pub(super) mod head;
pub(super) mod lookup;
pub(super) mod messages;
pub(super) mod page;
mod ranges;
mod windows;
