//! The database of the service under test, and rows of an older version.

use crate::app::{Replica, TestApp};
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::clock::{Clock, Timestamp};
use shared::ids::UserId;
use shared_store::RunQueryDsl;
use shared_store::{Store, StoreError, on};
use std::time::Duration;

diesel::table! {
    use diesel::sql_types::Text;
    use shared::sql_types::{Instant, Uid};

    users (id) {
        id -> Uid,
        username -> Text,
        folded_name -> Text,
        password_hash -> Text,
        created_at -> Instant,
    }
}

/// Reverts the migration that added the keys of names.
const BEFORE_NAME_KEYS: [&str; 2] = [
    include_str!("../../migrations/sqlite/2026-11-28-000000_name_keys/down.sql"),
    include_str!("../../migrations/postgres/2026-11-28-000000_name_keys/down.sql"),
];
const FORGET_NAME_KEYS: &str = "DELETE FROM __diesel_schema_migrations WHERE version = '20261128000000'";

/// A user as written by a version without keys of names.
#[derive(Clone, Copy)]
pub struct OldUser<'a> {
    pub username: &'a str,
    pub folded_name: &'a str,
    pub password: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct Row {
    id: UserId,
    username: String,
    folded_name: String,
    password_hash: String,
    created_at: Timestamp,
}

impl TestApp {
    /// The password hash of the user of this name.
    pub async fn password_hash(&self, username: &str) -> String {
        password_hash(&self.store().await, username).await.unwrap()
    }

    /// Reverts the tables to those without keys of names, and inserts users. The service has to be restarted after that.
    pub async fn insert_old_users(&self, users: impl IntoIterator<Item = OldUser<'_>>) {
        let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
        let now = Clock::system().now();
        let rows: Vec<Row> = users
            .into_iter()
            .map(|user| Row {
                id: UserId::generate(),
                username: user.username.to_owned(),
                folded_name: user.folded_name.to_owned(),
                password_hash: hash(user.password),
                created_at: now,
            })
            .collect();
        insert_before_name_keys(&self.store().await, rows).await.unwrap();
    }

    /// Restarts the service on a database with these users.
    pub async fn restart_with_old_users(&mut self, users: &[OldUser<'static>]) {
        self.insert_old_users(users.iter().copied()).await;
        self.restart_with(|_| {}).await;
    }

    /// Migrates the tables, and leaves the rows as they are.
    pub async fn migrate(&self) {
        self.store().await;
    }

    /// Another service on the same database.
    pub async fn replica(&self) -> Replica {
        Replica::start(self.config.clone()).await
    }

    async fn store(&self) -> Store {
        let migrations = shared_store::embed_store_migrations!();
        Store::open(&self.database.url("auth"), "auth", migrations, Duration::from_secs(10)).await.unwrap()
    }
}

async fn password_hash(store: &Store, username: &str) -> Result<String, StoreError> {
    let user = users::table.filter(users::username.eq(username.to_owned()));
    let read = store.read(move |session| {
        async move { on!(session, |c| user.select(users::password_hash).first(c).await) }.boxed()
    });
    read.await
}

async fn insert_before_name_keys(store: &Store, rows: Vec<Row>) -> Result<(), StoreError> {
    let [sqlite, postgres] = BEFORE_NAME_KEYS;
    let down = if let Store::Sqlite { .. } = store { sqlite } else { postgres };
    let written = store.write(move |session| {
        let insert = async move {
            session.batch_execute(down).await?;
            session.batch_execute(FORGET_NAME_KEYS).await?;
            for row in &rows {
                on!(session, |c| diesel::insert_into(users::table).values(row).execute(c).await)?;
            }
            Ok(())
        };
        insert.boxed()
    });
    written.await
}
