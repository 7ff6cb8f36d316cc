//! What the report of activity to the chat service reads.

mod changes;
mod lease;
mod trees;
