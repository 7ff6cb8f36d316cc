//! The comparison of two lines, the same on every engine.

use super::navigation::AncestryReader;
use super::results::{CommonMessage, ComparedLine, Comparison};
use crate::domain::{Ancestry, CommonAncestor, CommonAncestorStep};
use crate::error::Error;
use shared::ids::{BranchId, ResponseId};

/// A reader of what a comparison needs.
pub(super) trait LineReader: AncestryReader {
    /// The id of the message that a branch owns at a depth.
    fn message_at(
        &mut self,
        branch: BranchId,
        depth: i64,
    ) -> impl Future<Output = Result<Option<ResponseId>, Error>> + Send;
}

/// A line with its head.
#[derive(Debug, Clone)]
pub(super) struct LineWithHead {
    pub(super) ancestry: Ancestry,
    pub(super) head_depth: i64,
    pub(super) head: Option<ResponseId>,
}

impl LineWithHead {
    fn compared(&self, common_depth: i64) -> ComparedLine {
        let ahead = self.head_depth - common_depth;
        ComparedLine { branch: self.ancestry.branch, head: self.head, ahead }
    }
}

/// Compares two lines of one owner.
pub(super) async fn compare(
    mut reader: impl LineReader,
    left: LineWithHead,
    right: LineWithHead,
) -> Result<Comparison, Error> {
    let ancestor = common_ancestor(&mut reader, &left.ancestry, &right.ancestry).await?;
    let depth = ancestor.map_or(0, |ancestor| ancestor.depth(left.head_depth, right.head_depth));
    let common = match ancestor.filter(|_| depth > 0) {
        Some(ancestor) => Some(common_message(&mut reader, ancestor.branch, depth, [&left, &right]).await?),
        None => None,
    };
    Ok(Comparison { common, left: left.compared(depth), right: right.compared(depth) })
}

async fn common_ancestor(
    reader: &mut impl LineReader,
    left: &Ancestry,
    right: &Ancestry,
) -> Result<Option<CommonAncestor>, Error> {
    let (mut left, mut right) = (left.clone(), right.clone());
    loop {
        match CommonAncestorStep::after(&left, &right) {
            CommonAncestorStep::Found(ancestor) => return Ok(Some(ancestor)),
            CommonAncestorStep::Disjoint => return Ok(None),
            CommonAncestorStep::ClimbLeft(above) => left = reader.read_ancestry(above).await?,
            CommonAncestorStep::ClimbRight(above) => right = reader.read_ancestry(above).await?,
            CommonAncestorStep::ClimbBoth(above_left, above_right) => {
                (left, right) = reader.read_both(above_left, above_right).await?;
            }
        }
    }
}

/// The last common message, which is the head of one of the lines or one that `owner` owns.
async fn common_message(
    reader: &mut impl LineReader,
    owner: BranchId,
    depth: i64,
    lines: [&LineWithHead; 2],
) -> Result<CommonMessage, Error> {
    let head = lines.into_iter().find(|line| line.head_depth == depth).and_then(|line| line.head);
    let id = match head {
        Some(head) => Some(head),
        None => reader.message_at(owner, depth).await?,
    };
    // A line has no gaps: it was deleted during the read.
    Ok(CommonMessage { id: id.ok_or(Error::BranchNotFound)?, depth })
}
