//! Where messages and branches are kept.
//!
//! [`ContentStore`] dispatches to one of two engines, MongoDB or SQL. Its methods are the contract of both.

mod ancestry_codec;
mod comparison;
mod content_store;
pub mod mongo;
mod navigation;
mod positions;
mod requests;
mod results;
mod selection;
pub mod sql;

pub use content_store::ContentStore;
pub use positions::{LinePosition, Position, TimePosition};
pub use requests::{
    AppendRequest, BranchChanges, ForkRequest, LineRequest, ListRequest, MessageTreeRequest, MetadataUpdate,
    NewMessage, NewTrunk, PageRequest, TreeRequest,
};
pub use results::{
    BranchPage, BranchWithActive, CommonMessage, ComparedLine, Comparison, LinePage, Lookup, MessagePage,
    MessageTreePage, ResolvedId, TreeEntry,
};
