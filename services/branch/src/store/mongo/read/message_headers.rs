//! Messages at depths of branches.

use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::engine::MongoEngine;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use shared::ids::BranchId;
use std::collections::BTreeMap;

/// The messages of its own (by the hint) up to which a branch counts as short.
const MAX_SHORT_BRANCH_MESSAGES: i64 = 4;

/// A depth of a branch, at which it may own a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BranchDepth {
    branch: BranchId,
    depth: i64,
    is_short: bool,
}

impl BranchDepth {
    /// A depth of this branch.
    pub(crate) const fn of(branch: &BranchDoc, depth: i64) -> Self {
        Self::of_messages(branch.id, depth, branch.head_depth - branch.fork_depth)
    }

    /// A depth of a branch that owns so many messages, by its hint.
    pub(crate) const fn of_messages(branch: BranchId, depth: i64, own_messages: i64) -> Self {
        Self { branch, depth, is_short: own_messages <= MAX_SHORT_BRANCH_MESSAGES }
    }

    /// A depth of a branch that may own any number of messages.
    pub(crate) const fn of_any(branch: BranchId, depth: i64) -> Self {
        Self { branch, depth, is_short: false }
    }
}

/// The messages that branches own at these depths.
pub(crate) async fn headers_at(
    mongo: &MongoEngine,
    depths: impl IntoIterator<Item = BranchDepth>,
) -> Result<Vec<MessageHeader>, Error> {
    let filters = lie_at(depths);
    if filters.is_empty() {
        return Ok(Vec::new());
    }
    let typed = mongo.messages.clone_with_type::<MessageHeader>();
    let found = typed.find(doc! {"$or": filters}).projection(MessageHeader::fields());
    Ok(found.await?.try_collect().await?)
}

/// The filters that find the messages at these depths. Short branches with the same depth share one, as a server plans each
/// filter by itself. Others do not: not every server uses both fields of the index for a list.
pub(crate) fn lie_at(depths: impl IntoIterator<Item = BranchDepth>) -> Vec<Document> {
    let mut by_depth = BTreeMap::<_, Vec<_>>::new();
    for BranchDepth { branch, depth, is_short } in depths {
        let alone = Some(branch).filter(|_| !is_short);
        by_depth.entry((depth, alone)).or_default().push(branch.to_string());
    }
    let filter = |((depth, _), ids): (_, Vec<String>)| {
        if let [id] = &*ids {
            doc! {"branch": id, "depth": depth}
        } else {
            doc! {"branch": {"$in": ids}, "depth": depth}
        }
    };
    by_depth.into_iter().map(filter).collect()
}
