//! Data of the version before branches had details and messages had previews.

use crate::activity::{ChatService, catch_up, reporter_on, shown};
use crate::kit::{Chat, Kit, key};
use crate::message_tree::{request, walk};
use crate::rows::{count_messages, mongo};
use branch::store::{MessageTreeRequest, TreeEntry};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use mongodb::bson::{Document, doc};
use shared_test_kit::TestDatabase;
use std::time::Duration;

/// The migrations that are undone, newest first.
const POSTGRES: [(&str, &str); 7] = [
    ("20261202000000", include_str!("../../migrations/postgres/2026-12-02-000000_answers/down.sql")),
    ("20261201200000", include_str!("../../migrations/postgres/2026-12-01-200000_chat_forks/down.sql")),
    ("20261201100001", include_str!("../../migrations/postgres/2026-12-01-100001_changes_by_time/down.sql")),
    ("20261201100000", include_str!("../../migrations/postgres/2026-12-01-100000_activity/down.sql")),
    ("20261201000000", include_str!("../../migrations/postgres/2026-12-01-000000_undo/down.sql")),
    ("20261130100000", include_str!("../../migrations/postgres/2026-11-30-100000_versions/down.sql")),
    ("20261130000000", include_str!("../../migrations/postgres/2026-11-30-000000_branch_details/down.sql")),
];
const SQLITE: [(&str, &str); 7] = [
    ("20261202000000", include_str!("../../migrations/sqlite/2026-12-02-000000_answers/down.sql")),
    ("20261201200000", include_str!("../../migrations/sqlite/2026-12-01-200000_chat_forks/down.sql")),
    ("20261201100001", include_str!("../../migrations/sqlite/2026-12-01-100001_changes_by_time/down.sql")),
    ("20261201100000", include_str!("../../migrations/sqlite/2026-12-01-100000_activity/down.sql")),
    ("20261201000000", include_str!("../../migrations/sqlite/2026-12-01-000000_undo/down.sql")),
    ("20261130100000", include_str!("../../migrations/sqlite/2026-11-30-100000_versions/down.sql")),
    ("20261130000000", include_str!("../../migrations/sqlite/2026-11-30-000000_branch_details/down.sql")),
];
/// The migrations of the version before, on MongoDB: the indexes of later ones may be there.
const MONGO_MIGRATIONS_BEFORE: i64 = 3;
/// Ids of messages are made by the clock of the machine, and that of a test is far behind.
const UNTIL_IDS_ARE_OLD: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Leaves the data as the version before did.
async fn downgrade(kit: &Kit) {
    match kit.database() {
        TestDatabase::Sqlite(folder) => {
            let path = folder.path().join("branch");
            let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            for (version, down) in SQLITE {
                let forget = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'");
                connection.batch_execute(&format!("BEGIN IMMEDIATE; {down} {forget}; COMMIT")).unwrap();
            }
        }
        TestDatabase::Postgres { .. } => {
            let client = kit.database().connect_postgres().await.unwrap();
            for (version, down) in POSTGRES {
                let forget = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'");
                let undo = format!("SET search_path TO branch; BEGIN; {down} {forget}; COMMIT");
                client.batch_execute(&undo).await.unwrap();
            }
        }
        TestDatabase::Mongo { .. } => {
            let unset = |names: &[&str]| doc! {"$unset": names.iter().map(|name| ((*name).to_owned(), "".into())).collect::<Document>()};
            let database = mongo(kit).await;
            let branches = database.collection::<Document>("branches");
            branches
                .update_many(doc! {}, unset(&["first", "first_at", "preview", "head_time", "changed_at"]))
                .await
                .unwrap();
            let messages = database.collection::<Document>("messages");
            messages.update_many(doc! {}, unset(&["question_preview", "response_preview"])).await.unwrap();
            let schema = database.collection::<Document>("schema");
            schema.delete_one(doc! {"_id": "activity"}).await.unwrap();
            let number = doc! {"$set": {"number": MONGO_MIGRATIONS_BEFORE}};
            schema.update_one(doc! {"_id": "schema"}, number).await.unwrap();
            database.client().clone().shutdown().await;
        }
    }
}

async fn previews(chat: &Chat) -> Vec<TreeEntry> {
    walk(chat, MessageTreeRequest { with_previews: true, ..request(chat) }).await.0
}

pub async fn data_of_the_version_before_is_filled_in(kit: &Kit) {
    let chat = kit.chat().await;
    let mut from = chat.say(chat.trunk(), &"é".repeat(100)).await;
    for number in 0..250 {
        let fork = if number % 20 == 0 { chat.fork(from.id).await } else { from.branch };
        kit.clock.advance(Duration::from_millis(1));
        from = chat.say(fork, &format!("{number}{}", "x".repeat(100))).await;
    }
    chat.fork(from.id).await;
    let (branches, entries) = (chat.tree(chat.trunk()).await, previews(&chat).await);

    downgrade(kit).await;

    let chat = chat.through(&kit.replica().await);
    assert_eq!(count_messages(kit, "question_preview IS NULL", doc! {"question_preview": null}).await, 251);
    for _ in 0..2 {
        assert_eq!(chat.tree(chat.trunk()).await, branches);
        assert_eq!(
            chat.node(from.branch).await.unwrap().branch.own,
            branches.iter().find(|branch| branch.id == from.branch).unwrap().own
        );
        assert_eq!(previews(&chat).await, entries);
    }
    // The watermark on MongoDB begins with the first sweep.
    kit.clock.advance(UNTIL_IDS_ARE_OLD);
    chat.sweep().await;
    assert_eq!(count_messages(kit, "question_preview IS NULL", doc! {"question_preview": null}).await, 0);
    assert_eq!(previews(&chat).await, entries);
    assert_eq!(chat.tree(chat.trunk()).await, branches);
}

pub async fn previews_are_deleted_with_the_texts(kit: &Kit) {
    let chat = kit.chat().await;
    for number in 0..3 {
        let mut new = chat.message(chat.trunk(), "secret");
        new.key = (number > 0).then(|| key(number));
        kit.store.append(new).await.unwrap();
    }
    kit.store.delete_chat(chat.owner, chat.id).await.unwrap();
    kit.sweep().await;
    assert_eq!(count_messages(kit, "text_bytes = 0", doc! {"text_bytes": 0}).await, 2);
    let secret = doc! {"$or": [{"question_preview": "secret"}, {"response_preview": "r"}]};
    let left = "question_preview <> '' OR response_preview <> ''";
    assert_eq!(count_messages(kit, left, secret).await, 0);
}

pub async fn tombstones_of_an_older_version_are_swept(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "stays").await;
    let fork = chat.fork(first.id).await;
    chat.say(fork, "goes").await;
    chat.store.delete_branch(chat.owner, fork, false).await.unwrap();
    // As the older version leaves them.
    let unqueue = |schema: &str| format!("UPDATE {schema}branches SET purge_at = NULL, sweep_at = NULL");
    if let TestDatabase::Sqlite(folder) = kit.database() {
        let file = folder.path().join("branch");
        let mut connection = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        connection.batch_execute(&unqueue("")).unwrap();
    } else {
        let database = kit.database().connect_postgres().await.unwrap();
        database.batch_execute(&unqueue("branch.")).await.unwrap();
    }
    kit.sweep().await;
    assert_eq!(count_messages(kit, "TRUE", doc! {}).await, 1);
    assert_eq!(chat.line(chat.trunk()).await, ["stays"]);
}

pub async fn chats_of_the_version_before_are_reported(kit: &Kit) {
    let (chat, empty, deleted) = (kit.chat().await, kit.chat().await, kit.chat().await);
    let first = chat.say(chat.trunk(), "1").await;
    kit.clock.advance(Duration::from_secs(60));
    let fork = chat.fork(first.id).await;
    let last = chat.say(fork, "2").await;
    kit.store.activate(chat.owner, chat.trunk(), fork).await.unwrap();
    kit.store.delete_chat(deleted.owner, deleted.id).await.unwrap();
    kit.clock.advance(Duration::from_secs(24 * 60 * 60));
    downgrade(kit).await;

    let service = ChatService::new();
    let mut reporter = reporter_on(&kit.replica().await, &kit.clock).await;
    catch_up(&mut reporter, &service).await;

    assert_eq!(service.take_reports().len(), 2);
    assert_eq!(shown(&service, &chat), (fork, 2, Some(last.created_at), last.created_at));
    assert_eq!(shown(&service, &empty).1, 0);
    catch_up(&mut reporter, &service).await;
    assert_eq!(service.take_reports(), []);
}
