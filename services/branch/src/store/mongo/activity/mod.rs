//! The reads and the lease of the report of activity.

mod changes;
mod lease;
mod trees;
