//! The database of the service under test, and rows of an older version.

use crate::app::TestApp;
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, DeliveryId, UserId};
use shared_store::RunQueryDsl;
use shared_store::{Store, on};
use std::time::Duration;

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use shared::sql_types::{Instant, Uid};

    chats (id) {
        id -> Uid,
        account_id -> Uid,
        chat_type -> Text,
        name -> Text,
        created_at -> Instant,
        updated_at -> Instant,
        active -> Bool,
        tags -> Text,
        settings -> Nullable<Text>,
        active_branch_id -> Nullable<Uid>,
        message_count -> BigInt,
        last_message_at -> Nullable<Instant>,
        tree_changed_at -> Nullable<Instant>,
        deleted_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use shared::sql_types::Uid;

    conversations (id) {
        id -> Uid,
        chat_id -> Uid,
        name -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Text};
    use shared::sql_types::{Instant, Uid};

    outbox (id) {
        id -> Uid,
        destination -> Text,
        path -> Text,
        request_id -> Text,
        created_at -> Instant,
        attempts -> Integer,
        next_attempt_at -> Instant,
    }
}

diesel::table! {
    use shared::sql_types::Uid;

    chat_forks (id) {
        id -> Uid,
    }
}

/// Reverts the migrations since the first release, the last one first.
const BEFORE_TAGS: [[&str; 4]; 2] = [
    [
        include_str!("../../migrations/sqlite/2026-12-01-100000_chat_forks/down.sql"),
        include_str!("../../migrations/sqlite/2026-12-01-000000_undo/down.sql"),
        include_str!("../../migrations/sqlite/2026-11-29-000001_activity/down.sql"),
        include_str!("../../migrations/sqlite/2026-11-29-000000_tags/down.sql"),
    ],
    [
        include_str!("../../migrations/postgres/2026-12-01-100000_chat_forks/down.sql"),
        include_str!("../../migrations/postgres/2026-12-01-000000_undo/down.sql"),
        include_str!("../../migrations/postgres/2026-11-29-000001_activity/down.sql"),
        include_str!("../../migrations/postgres/2026-11-29-000000_tags/down.sql"),
    ],
];
const FORGET_TAGS: &str = "DELETE FROM __diesel_schema_migrations WHERE version >= '20261129000000'";

/// The active branch, the number of messages, the time of the last one, and that of the last change.
pub type StoredActivity = (Option<BranchId>, i64, Option<Timestamp>, Option<Timestamp>);

/// A chat as an older version writes it.
#[derive(Insertable)]
#[diesel(table_name = chats)]
pub struct OldChat {
    id: ChatId,
    account_id: UserId,
    chat_type: String,
    name: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    active: bool,
    deleted_at: Option<Timestamp>,
}

impl OldChat {
    pub fn new(owner: UserId, name: &str, created_at: Timestamp) -> Self {
        Self {
            id: ChatId::generate(),
            account_id: owner,
            chat_type: "personal".to_owned(),
            name: name.to_owned(),
            created_at,
            updated_at: created_at,
            active: true,
            deleted_at: None,
        }
    }

    pub fn deleted_at(self, time: Timestamp) -> Self {
        Self { deleted_at: Some(time), ..self }
    }

    pub fn id(&self) -> String {
        self.id.to_string()
    }
}

impl TestApp {
    /// Inserts chats as an older version does that runs beside this one.
    pub async fn insert_old_chats(&self, chats: Vec<OldChat>) {
        insert_old_chats(&self.store().await, chats, String::new()).await;
    }

    /// Restarts the service on a database of an older version with these chats.
    pub async fn restart_with_old_chats(&mut self, chats: Vec<OldChat>) {
        let store = self.store().await;
        let [sqlite, postgres] = BEFORE_TAGS;
        let down = if let Store::Sqlite { .. } = store { sqlite } else { postgres };
        insert_old_chats(&store, chats, down.concat()).await;
        self.restart().await;
    }

    /// Renames a chat as an older version does.
    pub async fn rename_as_before(&self, chat: &str, name: &str) {
        let id = ChatId::from(shared::ids::parse_uuid(chat).unwrap());
        let rename = diesel::update(chats::table.find(id)).set(chats::name.eq(name.to_owned()));
        let store = self.store().await;
        let renamed =
            store.write(move |session| async move { on!(session, |c| rename.execute(c).await) }.boxed());
        assert_eq!(renamed.await.unwrap(), 1);
    }

    /// The texts of a chat, also of a deleted one: name, tags and settings.
    pub async fn texts(&self, chat: &str) -> (String, String, Option<String>) {
        let id = ChatId::from(shared::ids::parse_uuid(chat).unwrap());
        let texts = chats::table.find(id).select((chats::name, chats::tags, chats::settings));
        let store = self.store().await;
        let read = store.read(move |session| async move { on!(session, |c| texts.first(c).await) }.boxed());
        read.await.unwrap()
    }

    /// Owes the branch service the deletion of a chat as an older version does.
    pub async fn owe_deletion_as_before(&self, chat: &str, owner: UserId) {
        let delivery = (
            outbox::id.eq(DeliveryId::generate()),
            outbox::destination.eq("branch"),
            outbox::path.eq(format!("/internal/chats/{chat}?owner={owner}")),
            outbox::request_id.eq("r"),
            outbox::created_at.eq(self.clock.now()),
            outbox::attempts.eq(0),
            outbox::next_attempt_at.eq(self.clock.now()),
        );
        let insert = diesel::insert_into(outbox::table).values(delivery);
        let store = self.store().await;
        let owed =
            store.write(move |session| async move { on!(session, |c| insert.execute(c).await) }.boxed());
        assert_eq!(owed.await.unwrap(), 1);
    }

    /// The names of the records of a chat, also of a deleted one.
    pub async fn record_names(&self, chat: &str) -> Vec<String> {
        let id = ChatId::from(shared::ids::parse_uuid(chat).unwrap());
        let names = conversations::table.filter(conversations::chat_id.eq(id)).select(conversations::name);
        let store = self.store().await;
        let read = store.read(move |session| async move { on!(session, |c| names.load(c).await) }.boxed());
        read.await.unwrap()
    }

    /// How many forks of chats are begun and not finished.
    pub async fn forks_under_way(&self) -> i64 {
        let count = chat_forks::table.count();
        let store = self.store().await;
        let read =
            store.read(move |session| async move { on!(session, |c| count.get_result(c).await) }.boxed());
        read.await.unwrap()
    }

    /// What is stored of the activity of a chat.
    pub async fn activity(&self, chat: &str) -> StoredActivity {
        let id = ChatId::from(shared::ids::parse_uuid(chat).unwrap());
        let columns =
            (chats::active_branch_id, chats::message_count, chats::last_message_at, chats::tree_changed_at);
        let activity = chats::table.find(id).select(columns);
        let store = self.store().await;
        let read =
            store.read(move |session| async move { on!(session, |c| activity.first(c).await) }.boxed());
        read.await.unwrap()
    }

    async fn store(&self) -> Store {
        let migrations = shared_store::embed_store_migrations!();
        Store::open(&self.database.url("chat"), "chat", migrations, Duration::from_secs(10)).await.unwrap()
    }
}

async fn insert_old_chats(store: &Store, chats: Vec<OldChat>, down: String) {
    let written = store.write(move |session| {
        let insert = async move {
            if !down.is_empty() {
                session.batch_execute(&down).await?;
                session.batch_execute(FORGET_TAGS).await?;
            }
            for chat in &chats {
                on!(session, |c| diesel::insert_into(chats::table).values(chat).execute(c).await)?;
            }
            Ok::<_, shared_store::StoreError>(())
        };
        insert.boxed()
    });
    written.await.unwrap();
}
