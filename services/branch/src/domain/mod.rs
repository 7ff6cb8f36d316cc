//! The tree of lines, and the values of requests. Rules without I/O.

mod ancestry;
mod branch;
mod common_ancestor;
mod head;
mod line;
mod message;
mod metadata;
#[cfg(test)]
mod model;
mod name;
mod plan;
mod preview;
mod subtree;
mod text;
mod tree_plan;

pub use ancestry::{Ancestry, MAX_WINDOW_SEGMENTS, Segment, Skip};
pub use branch::{Branch, BranchFilter, BranchKey, OwnMessages};
pub use common_ancestor::{CommonAncestor, CommonAncestorStep};
pub use head::ExpectedHead;
pub use line::{DepthRange, MAX_PAGE_BYTES, Order, count_fitting};
pub use message::{Forks, Message};
pub use metadata::Metadata;
pub use name::BranchName;
pub use plan::Plan;
pub use preview::{PREVIEW_CHARACTERS, Previews, preview};
pub use subtree::{BranchLink, subtree};
pub use text::{Question, Response};
pub use tree_plan::{ScannedBranch, TreePlan, TreePosition};
