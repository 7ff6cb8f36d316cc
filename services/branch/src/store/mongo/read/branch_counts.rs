//! The number of branches of chats.

use crate::error::Error;
use crate::store::mongo::client::errors::broken;
use crate::store::mongo::documents::fields::{Id, text, texts};
use crate::store::mongo::engine::MongoEngine;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::ids::{ChatId, UserId};
use std::collections::HashMap;

/// The branches of a chat below its trunk.
#[derive(Debug, Clone, Copy, Deserialize)]
struct CountBelow {
    #[serde(rename = "_id", with = "text")]
    chat: ChatId,
    count: i64,
}

impl MongoEngine {
    pub(crate) async fn count_branches(
        &self,
        owner: UserId,
        chats: &[ChatId],
    ) -> Result<HashMap<ChatId, i64>, Error> {
        let (ids, owner) = (texts(chats), owner.to_string());
        let trunks = self.branches.clone_with_type::<Id<ChatId>>();
        let trunks = trunks.find(doc! {"_id": {"$in": &ids}, "owner": &owner}).projection(doc! {"_id": 1});
        let below = [
            doc! {"$match": {"root": {"$in": ids}, "alive": true, "owner": owner, "parent": {"$gt": ""}}},
            doc! {"$group": {"_id": "$root", "count": {"$sum": 1_i64}}},
        ];
        let trunks: Vec<Id<ChatId>> = trunks.await?.try_collect().await?;
        let below = self.branches.aggregate(below).with_type::<CountBelow>().await?;
        let below: Vec<CountBelow> = below.try_collect().await?;
        let mut counts: HashMap<_, _> = trunks.into_iter().map(|trunk| (trunk.id, 1)).collect();
        for CountBelow { chat, count } in below {
            counts.entry(chat).and_modify(|all| *all += count);
        }
        Ok(counts)
    }
}

/// The number of branches that match a filter, counted by the server.
pub(crate) async fn count_matching(mongo: &MongoEngine, filter: Document) -> Result<i64, Error> {
    let command = doc! {"count": "branches", "query": filter, "readConcern": {"level": "majority"}};
    let count = mongo.database.run_command(command).await?;
    let count = count.get("n").and_then(|n| n.as_i64().or(n.as_i32().map(i64::from)));
    count.ok_or_else(|| broken("a count without a number"))
}
