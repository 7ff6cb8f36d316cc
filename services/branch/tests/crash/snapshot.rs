//! A snapshot of the tree, so that many runs start from the same state.

use mongodb::Database;
use mongodb::bson::{Document, doc};

/// The collections of trees. That of migrations, leases and watermarks (`schema`) stays as it is.
const COLLECTIONS: [&str; 2] = ["branches", "messages"];

/// All documents of all chats.
pub struct Snapshot([Vec<Document>; 2]);

impl Snapshot {
    pub async fn take(database: &Database) -> Self {
        let mut snapshot = Self(Default::default());
        for (collection, documents) in COLLECTIONS.into_iter().zip(&mut snapshot.0) {
            *documents = find_all(database, collection, doc! {}).await;
        }
        snapshot
    }

    /// Puts the database back into this state. No service may be running on it.
    pub async fn restore(&self, database: &Database) {
        for (collection, documents) in COLLECTIONS.into_iter().zip(&self.0) {
            let collection = database.collection::<Document>(collection);
            // Deleting the documents would not do: not every server frees the keys of unique indexes (see `frees_keys`).
            let mut found = collection.list_indexes().await.unwrap();
            let mut indexes = Vec::new();
            while found.advance().await.unwrap() {
                indexes.push(found.deserialize_current().unwrap());
            }
            collection.drop().await.unwrap();
            collection.create_indexes(indexes).await.unwrap();
            if !documents.is_empty() {
                collection.insert_many(documents).await.unwrap();
            }
        }
    }
}

/// The documents of a collection that match a filter.
pub async fn find_all(database: &Database, collection: &str, filter: Document) -> Vec<Document> {
    let mut found = database.collection::<Document>(collection).find(filter).await.unwrap();
    let mut documents = Vec::new();
    while found.advance().await.unwrap() {
        documents.push(found.deserialize_current().unwrap());
    }
    documents
}
