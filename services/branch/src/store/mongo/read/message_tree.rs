//! All messages of a chat, without their texts.

use crate::domain::{Previews, Segment, TreePlan, TreePosition};
use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::{maybe_text, micros, text};
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::branches::page_of_chat;
use crate::store::mongo::read::head::follow_hints;
use crate::store::mongo::read::inherited_messages::inherited_line;
use crate::store::mongo::read::parents::RankedMessage;
use crate::store::mongo::read::reading_chat::ReadingChat;
use crate::store::mongo::read::segments::read_fields;
use crate::store::mongo::read::target::Target;
use crate::store::mongo::read::{previews, versions};
use crate::store::navigation::MIN_BRANCHES_OF_MESSAGES;
use crate::store::{MessageTreePage, MessageTreeRequest, TreeEntry};
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use std::collections::HashMap;

impl MongoEngine {
    pub(crate) async fn list_message_tree(
        &self,
        request: &MessageTreeRequest,
    ) -> Result<MessageTreePage, Error> {
        let &MessageTreeRequest { owner, target, after, limit, with_previews } = request;
        let begun = after.map(|after| after.branch.id);
        let target = Target::find(self, owner, target, begun).await?.require()?;
        let count = limit.max(MIN_BRANCHES_OF_MESSAGES);
        let mut scanned = scan(self, &target, after, count + 1).await?;
        let has_more = scanned.len() > count;
        scanned.truncate(count);
        follow_hints(self, &mut scanned).await?;
        let inherited = inherited_line(target.trunk())?;
        let mut scanned: Vec<_> = scanned.iter().map(BranchDoc::scanned).collect();
        inherited.add_to_scanned(&mut scanned);
        let plan = TreePlan::new(&scanned, has_more, after, i64::try_from(limit).unwrap_or(i64::MAX));
        let segments = inherited.split(self, plan.segments).await?;
        let mut items = entries(self, target.branch.chat, &segments, with_previews).await?;
        let order: HashMap<_, _> =
            scanned.iter().enumerate().map(|(at, branch)| (branch.key.id, at)).collect();
        // Inherited messages are of none of these branches, and come first.
        items.sort_unstable_by_key(|entry| (order.get(&entry.branch).copied(), entry.depth));
        Ok(MessageTreePage { items, next: plan.next })
    }
}

/// The branch of the position, if it is still there, and those after it.
async fn scan(
    mongo: &MongoEngine,
    target: &Target,
    after: Option<TreePosition>,
    count: usize,
) -> Result<Vec<BranchDoc>, Error> {
    let after = after.map(|after| after.branch);
    let begun = after.and_then(|after| target.branch_of_chat(after.id)).cloned();
    let rest = page_of_chat(mongo, target.trunk(), after, count).await?;
    Ok(begun.into_iter().chain(rest).take(count).collect())
}

#[derive(Debug, Deserialize)]
struct EntryDoc {
    #[serde(rename = "_id", with = "text")]
    id: ResponseId,
    #[serde(default, with = "maybe_text")]
    parent: Option<ResponseId>,
    #[serde(with = "text")]
    chat: ChatId,
    #[serde(with = "text")]
    branch: BranchId,
    depth: i64,
    #[serde(with = "micros")]
    created_at: Timestamp,
    #[serde(default)]
    forked: Option<bool>,
    #[serde(default)]
    forks: i64,
    question_preview: Option<String>,
    response_preview: Option<String>,
}

impl EntryDoc {
    fn fields(with_previews: bool) -> Document {
        let mut fields = doc! {
            "_id": 1, "parent": 1, "chat": 1, "branch": 1, "depth": 1, "created_at": 1, "forked": 1, "forks": 1,
        };
        if with_previews {
            fields.extend(doc! {"question_preview": 1, "response_preview": 1});
        }
        fields
    }

    /// The previews, if they are stored.
    fn take_previews(&mut self) -> Option<Previews> {
        let (question, response) = (self.question_preview.take(), self.response_preview.take());
        question.zip(response).map(|(question, response)| Previews { question, response })
    }

    fn ranked(&self) -> RankedMessage {
        let &Self { id, chat, branch, depth, parent, created_at, forked, forks, .. } = self;
        let may_be_forked = forked != Some(false);
        RankedMessage { id, chat, branch, depth, parent, created_at, may_be_forked, forks }
    }

    fn entry(self, version: i64, previews: Option<Previews>) -> TreeEntry {
        let Self { id, parent, branch, depth, created_at, .. } = self;
        TreeEntry { id, parent, branch, depth, created_at, version, preview: previews.map(Previews::shown) }
    }
}

async fn entries(
    mongo: &MongoEngine,
    chat: ChatId,
    segments: &[Segment],
    with_previews: bool,
) -> Result<Vec<TreeEntry>, Error> {
    let typed = mongo.messages.clone_with_type::<EntryDoc>();
    let found = read_fields(&typed, segments, EntryDoc::fields(with_previews)).await?;
    let ranked: Vec<_> = found.iter().map(EntryDoc::ranked).collect();
    let old = found.iter().filter(|found| with_previews && found.question_preview.is_none());
    let old: Vec<_> = old.map(|found| found.id).collect();
    let numbers = versions::numbers_of(mongo, ReadingChat::One(chat), &ranked);
    let (numbers, mut computed) = futures_util::try_join!(numbers, previews::compute(mongo, &old))?;
    let entry = |mut found: EntryDoc| {
        let version = numbers.get(&found.id).copied().unwrap_or(1);
        if !with_previews {
            return Some(found.entry(version, None));
        }
        let previews = found.take_previews().or_else(|| computed.remove(&found.id));
        // One that was deleted meanwhile has none.
        previews.map(|previews| found.entry(version, Some(previews)))
    };
    Ok(found.into_iter().filter_map(entry).collect())
}
