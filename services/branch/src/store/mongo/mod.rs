//! The store on MongoDB.
//!
//! It uses no transactions. Every operation is a sequence of single-document writes, ordered so that a crash leaves nothing
//! half done that readers could see, and the sweep finishes what it finds. The `state` of a branch says which operation is
//! under way (`tree::transitions` draws it), and each transition names the state that it expects. An append is one insert
//! at the depth after the head, which the unique index on (branch, depth) decides; the append queue and its cached heads
//! only spare retries.

mod activity;
mod append;
mod batcher;
mod client;
mod documents;
mod engine;
mod read;
mod tree;
mod write_behind;

pub use client::connect::MAX_DESCRIPTORS;
pub use client::inspect::inspect;

pub(super) use engine::MongoEngine;
