//! A look into the database of the service under test.

use crate::app::TestApp;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::on;
use shared::store::{Store, StoreError};
use std::time::Duration;

diesel::table! {
    use diesel::sql_types::Text;
    use shared::store::sql_types::{Instant, Uid};

    users (id) {
        id -> Uid,
        username -> Text,
        folded_name -> Text,
        password_hash -> Text,
        created_at -> Instant,
    }
}

impl TestApp {
    pub async fn store(&self) -> Store {
        let migrations = shared::embed_store_migrations!();
        Store::open(&self.database.url("auth"), "auth", migrations, Duration::from_secs(10)).await.unwrap()
    }

    /// The hash of the password of the user who has registered with this name.
    pub async fn password_hash(&self, username: &str) -> String {
        password_hash(&self.store().await, username).await.unwrap()
    }
}

async fn password_hash(store: &Store, username: &str) -> Result<String, StoreError> {
    let user = users::table.filter(users::username.eq(username));
    on!(store, |c| user.select(users::password_hash).first(c).await)
}
