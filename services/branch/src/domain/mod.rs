//! The tree of lines, and the values of requests. Rules without I/O.

mod ancestry;
mod answer_details;
mod branch;
mod common_ancestor;
mod fork_point;
mod head;
mod json_text;
mod line;
mod message;
mod metadata;
#[cfg(test)]
mod model;
mod name;
mod placement;
mod plan;
mod preview;
mod response_ids;
mod subtree;
mod text;
mod tree_plan;

pub use ancestry::{Ancestry, MAX_WINDOW_SEGMENTS, Segment, Skip};
pub use answer_details::{AnswerDetails, GenerationRecord, ItemList, stored_text_bytes};
pub use branch::{Branch, BranchFilter, BranchKey, OwnMessages};
pub use common_ancestor::{CommonAncestor, CommonAncestorStep};
pub use fork_point::ForkPoint;
pub use head::{ExpectedHead, OnHeadMoved};
pub use line::{DepthRange, MAX_PAGE_BYTES, MIN_TIME_STEP, Order, count_fitting};
pub use message::{Forks, Message, Version};
pub use metadata::Metadata;
pub use name::BranchName;
pub use placement::{Placement, branch_instead_of, branch_of};
pub use plan::Plan;
pub use preview::{PREVIEW_CHARACTERS, Previews, preview};
pub use response_ids::ResponseIds;
pub use subtree::{BranchLink, subtree};
pub use text::{Question, Response};
pub use tree_plan::{ScannedBranch, TreePlan, TreePosition};
