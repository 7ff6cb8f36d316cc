//! The bare driver, doing what any service must do at least.
//!
//! - An append reads the branch, which says whether it is there and whose it is, and inserts one document like those of
//!   the service, with the same write concern.
//! - A fork reads the message, then its branch, and inserts one.
//! - A page reads the branch, and then its 50 messages by a range of depths of this one branch: at a fork depth, too,
//!   as if the line had been copied.
//! - A switch reads the branch and updates the trunk. A list of branches reads the trunk and then the branches.
//! - A deletion of a chat updates the trunk.
//!
//! It speaks no HTTP, checks no token and nobody's rights, and lets numbers of depths be as they are.

use branch::config::Database;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Collection};
use secrecy::ExposeSecret as _;
use shared::ids::{BranchId, ResponseId};
use std::sync::atomic::{AtomicI64, Ordering};

/// How many messages or branches a page has.
pub const PAGE: usize = 50;
/// The time between two messages of a line that is made in bulk: 100,000 take less than a day.
const MICROS_BETWEEN_MESSAGES: i64 = 500_000;

#[derive(Clone)]
pub struct Raw {
    pub branches: Collection<Document>,
    pub messages: Collection<Document>,
}

/// Where the driver writes: beside the lines of the service, which know how long they are.
pub struct RawPlace {
    /// What it reads from.
    pub branch: String,
    message: Document,
    fork: Document,
    depth: AtomicI64,
}

impl Raw {
    /// Connects as the service does; `None` if this is no MongoDB.
    pub async fn connect(database: &Database) -> Option<Self> {
        let Database::Mongo(url) = database else { return None };
        let mut options = ClientOptions::parse(url.expose_secret()).await.unwrap();
        options.write_concern =
            Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
        options.read_concern = Some(ReadConcern::majority());
        options.max_pool_size = Some(64);
        let database = Client::with_options(options).unwrap().default_database().unwrap();
        Some(Self { branches: database.collection("branches"), messages: database.collection("messages") })
    }

    /// A place beside the line of a branch that has messages.
    pub async fn beside(&self, branch: &str) -> RawPlace {
        let message = self.messages.find_one(doc! {"branch": branch}).await.unwrap().unwrap();
        let fork = self.branches.find_one(doc! {"_id": branch}).await.unwrap().unwrap();
        RawPlace::new(branch, message, fork)
    }

    pub async fn append(&self, place: &RawPlace) {
        self.read_branch(place).await;
        let depth = place.depth.fetch_add(1, Ordering::Relaxed);
        let mut message = place.message.clone();
        message.insert("_id", ResponseId::generate().to_string());
        message.insert("depth", depth);
        self.messages.insert_one(message).await.unwrap();
    }

    pub async fn fork(&self, place: &RawPlace, response: &str) {
        self.messages.find_one(doc! {"_id": response}).await.unwrap().unwrap();
        self.read_branch(place).await;
        let mut fork = place.fork.clone();
        fork.insert("_id", BranchId::generate().to_string());
        self.branches.insert_one(fork).await.unwrap();
    }

    pub async fn page(&self, place: &RawPlace, newest: i64) {
        self.read_branch(place).await;
        let length = i64::try_from(PAGE).unwrap();
        let range = doc! {"$gt": newest - length, "$lte": newest};
        let found = self.messages.find(doc! {"branch": &place.branch, "depth": range}).batch_size(51);
        let found: Vec<_> = found.await.unwrap().try_collect().await.unwrap();
        assert_eq!(found.len(), PAGE);
    }

    pub async fn switch(&self, chat: &str, branch: &str) {
        self.branches.find_one(doc! {"_id": branch}).await.unwrap().unwrap();
        let change = doc! {"$set": {"active": branch}};
        self.branches.update_one(doc! {"_id": chat}, change).await.unwrap();
    }

    pub async fn list(&self, chat: &str, limit: i64) {
        self.branches.find_one(doc! {"_id": chat}).await.unwrap().unwrap();
        let found = self.branches.find(doc! {"root": chat, "alive": true}).limit(limit).batch_size(10_001);
        let found = found.sort(doc! {"level": 1, "created_at": 1, "_id": 1});
        let found: Vec<_> = found.await.unwrap().try_collect().await.unwrap();
        assert!(!found.is_empty());
    }

    pub async fn delete_chat(&self, place: &RawPlace) {
        let change = doc! {"$set": {"hidden": true}};
        self.branches.update_one(doc! {"_id": &place.branch}, change).await.unwrap();
    }

    async fn read_branch(&self, place: &RawPlace) {
        self.branches.find_one(doc! {"_id": &place.branch}).await.unwrap().unwrap();
    }

    /// Makes a line as long as this by writing the documents that the service would have written, after its first.
    pub async fn lengthen(&self, branch: &str, length: usize) {
        let first = self.messages.find_one(doc! {"branch": branch}).await.unwrap().unwrap();
        let mut parent = first.get_str("_id").unwrap().to_owned();
        let mut chunk = Vec::new();
        let (length, newest) = (i64::try_from(length).unwrap(), first.get_i64("created_at").unwrap());
        for depth in 2..=length {
            let id = ResponseId::generate().to_string();
            let mut message = first.clone();
            let created_at = newest - (length - depth) * MICROS_BETWEEN_MESSAGES;
            message.extend(doc! {"_id": &id, "depth": depth, "parent": parent, "created_at": created_at});
            parent = id;
            chunk.push(message);
            if chunk.len() == 2_000 {
                self.messages.insert_many(std::mem::take(&mut chunk)).await.unwrap();
            }
        }
        if !chunk.is_empty() {
            self.messages.insert_many(chunk).await.unwrap();
        }
        // As the service says it, behind the answers.
        let head = doc! {"head_depth": length, "head": parent};
        self.branches.update_one(doc! {"_id": branch}, doc! {"$set": head}).await.unwrap();
    }
}

impl RawPlace {
    fn new(branch: &str, mut message: Document, mut fork: Document) -> Self {
        // On lines and in a chat of its own, which no service reads.
        let own = BranchId::generate().to_string();
        message.insert("branch", &own);
        fork.extend(doc! {"root": &own, "parent": &own, "forked_from": ResponseId::generate().to_string()});
        Self { branch: branch.to_owned(), message, fork, depth: AtomicI64::new(1) }
    }
}
