//! Where messages and branches are kept.
//!
//! [`ContentStore`] dispatches to one of two engines, MongoDB or SQL. Its methods are the contract of both.

mod activity;
mod ancestry_codec;
mod branching;
mod cherry_pick;
mod comparison;
mod content_store;
mod edit;
mod list_versions;
pub mod mongo;
mod navigation;
mod positions;
mod requests;
mod results;
mod selection;
pub mod sql;
mod version_list;

pub(crate) use activity::{Change, ChangePosition, ChangeSource, ReporterLease, TreeActivity};
pub use branching::{CherryPickRequest, EditRequest, ForkWithMessages, MAX_FIRST_MESSAGES, MessageContent};
pub use content_store::ContentStore;
pub use positions::{LinePosition, Position, TimePosition};
pub use requests::{
    AppendRequest, BranchChanges, ForkRequest, LineRequest, ListRequest, MessageTreeRequest, MetadataUpdate,
    NewMessage, NewTrunk, PageRequest, TreeRequest,
};
pub use results::{
    BranchPage, BranchWithActive, BranchWithMessages, CommonMessage, ComparedLine, Comparison, LinePage,
    Lookup, MessagePage, MessageTreePage, ResolvedId, TreeEntry,
};
pub use version_list::{OpenBranch, VersionEntry, VersionPage, VersionsRequest};
