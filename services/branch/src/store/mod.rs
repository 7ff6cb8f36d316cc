//! Where messages and branches are kept.
//!
//! [`ContentStore`] dispatches to one of two engines, MongoDB or SQL. Its methods are the contract of both.

mod ancestry_codec;
mod content_store;
pub mod mongo;
mod navigation;
mod operations;
mod selection;
pub mod sql;

pub use content_store::ContentStore;
pub use operations::{
    AppendRequest, BranchPage, BranchWithActive, ForkRequest, LinePage, LinePosition, LineRequest, Lookup,
    MessagePage, NewMessage, NewTrunk, PageRequest, Position, ResolvedId, TimePosition, TreeRequest,
};
