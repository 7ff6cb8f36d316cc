//! `kill -9` in the middle of writes: what was answered is there after the next start, once, and depths have no gaps.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared_test_kit::{TestClient, TestDatabase};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of writers, whose writes share commits.
const WRITERS: usize = 32;
const WRITES_BEFORE_THE_KILL: usize = 200;
/// The number of kills, unless `TEST_KILLS` says otherwise.
const KILLS: usize = 2;

/// The product as a process, as `cargo run` starts it. Killed when this is dropped.
struct Process {
    child: Child,
    client: TestClient,
}

impl Process {
    /// All data in one folder, or on the test's own PostgreSQL, and the content on its own MongoDB.
    fn start(data_dir: &Path, database: &TestDatabase, content: Option<&TestDatabase>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir).env_clear();
        command.env("AUTH_BCRYPT_COST", "4").env("RUST_LOG", "off").stdout(Stdio::piped());
        if let TestDatabase::Postgres { url, .. } = database {
            command.env("DATABASE_URL", url.as_str());
        }
        if let Some(TestDatabase::Mongo { url }) = content {
            command.env("MONGO_URL", url.as_str());
        }
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("it does not say where it listens: {line}")).parse().unwrap();
        Self { child, client: TestClient::new(url) }
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn log_in(client: &TestClient) -> TestClient {
    let credentials = json!({"username": "ann", "password": "correct horse"});
    let tokens = client.post("/api/v1/auth/login", &credentials).await.expect(200).json();
    client.with_token(tokens["access_token"].as_str().unwrap())
}

/// Appends until no answer comes any more, and says what was answered.
async fn write(client: TestClient, chat: Value, writer: usize, answered: Arc<AtomicUsize>) -> Vec<Value> {
    let mut written = Vec::new();
    for n in 0.. {
        let body = json!({"chat_id": chat, "question": format!("{writer}:{n}"), "response": "r"});
        let Some(answer) = client.try_post("/api/v1/messages/add-message", &body).await else { break };
        if answer.status.as_u16() != 201 {
            break;
        }
        written.push(answer.json()["response_id"].clone());
        answered.fetch_add(1, Ordering::SeqCst);
    }
    written
}

/// All messages of a chat's line, from the first.
async fn line_of(client: &TestClient, chat: &str) -> Vec<Value> {
    let mut line = Vec::new();
    let mut next = Some(format!("/api/v1/messages/get-messages?chat_id={chat}&order=asc&limit=200"));
    while let Some(path) = next {
        let page = client.get(&path).await.expect(200);
        line.extend(page.json().as_array().unwrap().clone());
        next = page.next();
    }
    line
}

#[tokio::test]
async fn answered_writes_survive_a_kill() {
    let (folder, database) = (tempfile::tempdir().unwrap(), TestDatabase::create().await);
    let content = TestDatabase::mongo();
    let start = || Process::start(folder.path(), &database, content.as_ref());
    let mut process = start();
    let credentials = json!({"username": "ann", "password": "correct horse"});
    process.client.post("/api/v1/auth/register", &credentials).await.expect(201);
    let ann = log_in(&process.client).await;
    let chat = ann.post("/api/v1/chats/create-chat", &json!({"name": "Trees"})).await.expect(201).json();
    let chat = chat["chat_id"].clone();

    let kills = shared_test_kit::kills(KILLS);
    let mut answered = Vec::new();
    for _ in 0..kills {
        let client = log_in(&process.client).await;
        let count = Arc::new(AtomicUsize::new(0));
        let writers = (0..WRITERS)
            .map(|writer| tokio::spawn(write(client.clone(), chat.clone(), writer, Arc::clone(&count))));
        let writers: Vec<_> = writers.collect();
        while count.load(Ordering::SeqCst) < WRITES_BEFORE_THE_KILL {
            tokio::task::yield_now().await;
        }
        process.kill();
        answered.extend(join_all(writers).await.into_iter().flat_map(Result::unwrap));
        process = start();
    }

    let line = line_of(&log_in(&process.client).await, chat.as_str().unwrap()).await;
    let mut stored = HashMap::<_, usize>::new();
    for message in &line {
        *stored.entry(message["response_id"].as_str().unwrap()).or_default() += 1;
    }
    for id in &answered {
        assert_eq!(stored.get(id.as_str().unwrap()), Some(&1), "{id}");
    }
    let depths: Vec<_> = line.iter().map(|message| message["depth"].as_u64().unwrap()).collect();
    assert_eq!(depths, (1..).take(line.len()).collect::<Vec<u64>>());
    assert!(answered.len() >= kills * WRITES_BEFORE_THE_KILL);
    println!("{kills} kills: {} answered, all of them stored once; {} stored", answered.len(), line.len());
}

#[test]
fn a_failed_start_prints_one_line_with_what_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://root@db/banyan"),
        ("DATABASE_URL", "sqlite:///data.db"),
        ("AUTH_BCRYPT_COST", "99"),
        ("ACCESS_TOKEN_TTL", "an hour"),
        ("LOG_FORMAT", "xml"),
        ("BANYAN_LISTEN_ADDR", "nowhere:0"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_banyan"))
            .arg("--data-dir")
            .arg(folder.path())
            .env_clear()
            .env("RUST_LOG", "off")
            .env("BANYAN_LISTEN_ADDR", "127.0.0.1:0")
            .env(name, value)
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        let shown = if name == "BANYAN_LISTEN_ADDR" { "LISTEN_ADDR" } else { name };
        assert!(error.contains(shown) && !error.contains("panicked"), "{error}");
    }
}
