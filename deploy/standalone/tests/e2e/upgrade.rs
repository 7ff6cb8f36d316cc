//! Data that programs of an earlier landing have written: `tests/fixtures`.

use crate::activity::wait_for_list;
use crate::app::{TestStack, User, column, spawn_stack_on, text};
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};
use shared_test_kit::TestDatabase;
use std::fs;
use std::path::Path;

/// The landing before messages had versions.
const LANDING: &str = "16d75e9";

/// The data of an earlier landing, on the engine of this run.
struct Fixture {
    stack: TestStack,
    user: User,
    /// The answers of its programs, each with its path.
    answers: Vec<Value>,
}

impl Fixture {
    async fn load() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(LANDING);
        let (folder, database, documents) = match (TestDatabase::mongo(), TestDatabase::postgres().await) {
            // Its users and chats are on SQLite, whatever else there is.
            (Some(documents), _) => (folder.join("mongo"), TestDatabase::sqlite(), Some(documents)),
            (None, Some(database)) => (folder.join("postgres"), database, None),
            (None, None) => (folder.join("sqlite"), TestDatabase::sqlite(), None),
        };
        match &database {
            TestDatabase::Sqlite(files) => load_files(&folder, files.path()),
            _ => load_postgres(&folder, &database).await,
        }
        if let Some(TestDatabase::Mongo { url }) = &documents {
            load_documents(&folder, url.as_str()).await;
        }
        let stack = spawn_stack_on((database, documents), |_| {}).await;
        let answers = fs::read_to_string(folder.join("answers.json")).unwrap();
        let answers: Vec<Value> = serde_json::from_str(&answers).unwrap();
        let user = stack.log_in("recorded", text(&answers[0]["body"][0]["account_id"])).await;
        Self { stack, user, answers }
    }

    /// The chat of this name, as it was answered.
    fn chat(&self, name: &str) -> Value {
        let chats = self.answers[0]["body"].as_array().unwrap();
        chats.iter().find(|chat| chat["name"] == name).unwrap()["chat_id"].clone()
    }
}

fn load_files(from: &Path, to: &Path) {
    for service in ["auth", "chat", "branch"] {
        let file = from.join(format!("{service}.sqlite3"));
        if file.exists() {
            fs::copy(file, to.join(service)).unwrap();
        }
    }
}

async fn load_postgres(folder: &Path, database: &TestDatabase) {
    let dump = fs::read_to_string(folder.join("banyan.sql")).unwrap();
    database.connect_postgres().await.unwrap().batch_execute(&dump).await.unwrap();
}

/// Creates collections with their indexes and documents.
async fn load_documents(folder: &Path, url: &str) {
    let client = mongodb::Client::with_uri_str(url).await.unwrap();
    let database = client.default_database().unwrap();
    let collections = fs::read_to_string(folder.join("documents.json")).unwrap();
    let collections: Document = serde_json::from_str(&collections).unwrap();
    for (name, collection) in &collections {
        let collection = collection.as_document().unwrap();
        for (items, command) in [("indexes", "createIndexes"), ("documents", "insert")] {
            let all = collection.get_array(items).unwrap();
            if !all.is_empty() {
                database.run_command(doc! {command: name, items: all}).await.unwrap();
            }
        }
    }
    client.shutdown().await;
}

/// Whether all that was answered is so still. Fields may have been added.
fn has_all_of(now: &Value, before: &Value) -> bool {
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => {
            before.iter().all(|(name, before)| now.get(name).is_some_and(|now| has_all_of(now, before)))
        }
        (Value::Array(now), Value::Array(before)) => {
            now.len() == before.len() && now.iter().zip(before).all(|(now, before)| has_all_of(now, before))
        }
        _ => now == before,
    }
}

#[tokio::test]
async fn what_an_earlier_landing_answered_is_answered_still() {
    let fixture = Fixture::load().await;
    for answer in &fixture.answers {
        let path = text(&answer["path"]);
        let now = fixture.user.client.get(path).await;
        assert_eq!(json!(now.status.as_u16()), answer["status"], "{path}");
        // An error names the request that it answers.
        if now.status.is_success() {
            assert!(has_all_of(&now.json(), &answer["body"]), "{path}: {}\n{}", now.json(), answer["body"]);
        }
    }
}

#[tokio::test]
async fn data_of_an_earlier_landing_can_do_what_is_new() {
    let fixture = Fixture::load().await;
    let (user, tree) = (&fixture.user, fixture.chat("A tree"));
    let chat = text(&tree);
    let line = user.line(&format!("chat_id={chat}&branch_id={chat}")).await;
    let third = &line[2];

    // Its answers are versions: the trunk's fourth message and those of the branches that have one.
    assert_eq!((&line[3]["version"], &line[3]["version_count"]), (&json!(1), &json!(4)));
    let versions = format!("/api/v1/messages/get-versions?response_id={}", text(&line[3]["response_id"]));
    let listed = user.pages(&versions).await;
    assert_eq!(column(&listed, "question_preview")[1..], [json!(""), json!(""), json!("")]);
    assert_eq!(listed[3]["response_preview"], "Only a response 2");
    let edit = json!({"response_id": third["response_id"], "question": "Asked again", "response": "So."});
    let edited = user.post("/messages/edit-message", &edit).await.expect(201).json();
    assert_eq!((&edited["version"], &edited["version_count"]), (&json!(2), &json!(2)));
    assert_eq!(edited["parent_response_id"], line[1]["response_id"]);

    // A fork of it keeps what it stands on.
    let entries = user.pages(&format!("/api/v1/messages/get-tree?chat_id={chat}&preview=true")).await;
    let all = user.pages(&format!("/api/v1/messages/all-messages?chat_id={chat}")).await;
    assert_eq!(entries.len(), all.len());
    assert!(entries.iter().all(|entry| !entry["preview"].is_null()));
    let fork = json!({"chat_id": chat, "branch_id": chat});
    let fork = user.post("/chats/fork-chat", &fork).await.expect(201).json();
    let inherited = user.line(&format!("chat_id={}", text(&fork["chat_id"]))).await;
    assert_eq!(column(&inherited, "response_id"), column(&line, "response_id"));

    // Its chats tell of what was said in them.
    let shown = |chats: &[Value]| {
        let chats = chats.iter();
        let mut counts: Vec<_> =
            chats.map(|chat| (text(&chat["name"]).to_owned(), chat["message_count"].as_u64())).collect();
        counts.sort();
        counts
    };
    let expected = [("A nest", 71), ("A tree", 0), ("A tree", entries.len()), ("An empty chat", 0)]
        .map(|(name, count)| (name.to_owned(), u64::try_from(count).ok()));
    wait_for_list(user, "", |chats| shown(chats) == expected).await;

    // Deletions of that landing are for good, and those of this one are not.
    assert_eq!(user.get("/chats/deleted-chats").await.expect(200).json(), json!([]));
    let deleted = user.get(&format!("/branches/deleted-branches?chat_id={chat}")).await.expect(200);
    assert_eq!(deleted.json(), json!([]));
    user.delete(&format!("/chats/delete-chat/{chat}")).await.expect(200);
    assert_eq!(user.line(&format!("chat_id={}", text(&fork["chat_id"]))).await.len(), line.len());
    user.post(&format!("/chats/restore-chat/{chat}"), &Value::Null).await.expect(200);
    assert_eq!(user.pages(&format!("/api/v1/messages/all-messages?chat_id={chat}")).await, all);
    let mut stack = fixture.stack;
    stack.stop().await;
}
