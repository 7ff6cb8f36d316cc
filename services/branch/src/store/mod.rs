//! Where messages and branches are kept.
//!
//! [`ContentStore`] dispatches to one of two engines, MongoDB or SQL. Its methods are the contract of both.

mod activity;
mod ancestry_codec;
mod answers;
mod branching;
mod chat_fork;
mod cherry_pick;
mod comparison;
mod content_store;
mod edit;
mod inherited_line;
mod list_versions;
pub mod mongo;
mod navigation;
mod positions;
mod read_message;
mod requests;
mod results;
mod selection;
pub mod sql;
mod undo;
mod version_list;

pub(crate) use activity::{Change, ChangePosition, ChangeSource, ReporterLease, TreeActivity};
pub use answers::{AnswerRequest, LinePlace, PlaceRequest};
pub use branching::{CherryPickRequest, EditRequest, ForkWithMessages, MAX_FIRST_MESSAGES, MessageContent};
pub use chat_fork::{ChatForkPoint, ChatForkRequest, ForkPointRequest};
pub use content_store::ContentStore;
pub use positions::{DeletionPosition, LinePosition, Position, TimePosition};
pub use read_message::MessageRequest;
pub use requests::{
    AppendRequest, BranchChanges, ForkRequest, LineRequest, ListRequest, MessageTreeRequest, MetadataUpdate,
    NewMessage, NewTrunk, PageRequest, TreeRequest,
};
pub use results::{
    BranchPage, BranchWithActive, BranchWithMessages, CommonMessage, ComparedLine, Comparison, LinePage,
    Lookup, MessagePage, MessageTreePage, ResolvedId, SweepStep, TreeEntry,
};
use undo::LAST_CHANGE;
pub use undo::{ChatState, ChatStateChange, DeletedBranch, DeletedBranchPage, DeletedBranchesRequest};
pub use version_list::{OpenBranch, VersionEntry, VersionPage, VersionsRequest};
