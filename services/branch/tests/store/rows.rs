//! The rows and documents of a database, counted beside the store.

use crate::kit::Kit;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mongodb::bson::{Document, doc};
use shared_test_kit::TestDatabase;

pub async fn mongo(kit: &Kit) -> mongodb::Database {
    let client = mongodb::Client::with_uri_str(kit.mongo_url().unwrap()).await.unwrap();
    client.default_database().unwrap()
}

/// The messages that match a condition of SQL, or a filter.
pub async fn count_messages(kit: &Kit, condition: &str, filter: Document) -> i64 {
    count(kit, "messages", condition, filter).await
}

async fn count(kit: &Kit, table: &str, condition: &str, filter: Document) -> i64 {
    match kit.database() {
        TestDatabase::Sqlite(folder) => {
            let path = folder.path().join("branch");
            let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            let count =
                diesel::dsl::sql::<BigInt>(&format!("(SELECT count(*) FROM {table} WHERE {condition})"));
            diesel::select(count).get_result(&mut connection).unwrap()
        }
        TestDatabase::Postgres { .. } => {
            let client = kit.database().connect_postgres().await.unwrap();
            let count = format!("SELECT count(*) FROM branch.{table} WHERE {condition}");
            client.query_one(&count, &[]).await.unwrap().get(0)
        }
        TestDatabase::Mongo { .. } => {
            let database = mongo(kit).await;
            let count = database.collection::<Document>(table).count_documents(filter).await.unwrap();
            database.client().clone().shutdown().await;
            i64::try_from(count).unwrap()
        }
    }
}

impl Kit {
    /// The messages that have texts.
    pub async fn count_messages(&self) -> i64 {
        count_messages(self, "text_bytes > 0", doc! {"text_bytes": {"$gt": 0}}).await
    }

    /// The branches and tombstones.
    pub async fn count_branches(&self) -> i64 {
        count(self, "branches", "1 = 1", doc! {}).await
    }
}
