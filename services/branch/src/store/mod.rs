//! Where messages and branches are kept.
//!
//! [`ContentStore`] is one of two engines, MongoDB or SQL. Its operations are whole: each engine chooses how it makes them
//! atomic. What is not there, hidden or another user's is one and the same to them.

mod ancestry_codec;
mod content_store;
pub mod mongo;
mod navigation;
mod operations;
mod selection;
pub mod sql;

pub use content_store::ContentStore;
pub use operations::{
    BranchPage, BranchWithActive, Lookup, MessagePage, NewBranch, NewMessage, NewTrunk, PageRequest,
    Position, ResolvedId, TimePosition,
};
