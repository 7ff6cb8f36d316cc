//! The database is killed again and again while messages are appended: with a server of the test's own, which
//! `TEST_MONGO_SERVER` (`.ci/mongo`) starts.

use crate::process::Process;
use crate::tree::{list, text};
use branch::config::Database;
use branch::store::{ContentStore, NewTrunk};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::env::Env;
use shared::ids::{ChatId, UserId};
use shared::tasks::Tasks;
use shared::undo_window::UndoWindow;
use shared_test_kit::{Answer, TestClient};
use shared_web::body_limits::MemoryBudget;
use shared_web::timeouts::ServerTimeouts;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wiremock::MockServer;

const SERVER: &str = "TEST_MONGO_SERVER";
/// Who writes, and how often the server is killed meanwhile.
#[derive(Debug, Clone, Copy)]
struct Load {
    writers: usize,
    /// The lines on which they write by turns.
    lines: usize,
    kills: usize,
}

/// The number of kills, unless `TEST_KILLS` says otherwise.
const KILLS: usize = 20;
/// How many messages are written between two kills.
const WRITES: usize = 60;
/// How long an answer may take while there is no server.
const LONGEST: Duration = Duration::from_secs(7);
/// Within what time the service works again after its server does.
const BACK: Duration = Duration::from_secs(5);

/// Whether there is a server to be killed.
pub fn has_server() -> bool {
    Env::of_process().get(SERVER).is_some()
}

/// A server with durable commits, in a folder of its own.
struct Server {
    script: PathBuf,
    folder: TempDir,
}

impl Server {
    fn new() -> Self {
        let env = Env::of_process();
        // As it is written, seen from the top.
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(env.get(SERVER).unwrap());
        Self { script, folder: tempfile::tempdir().unwrap() }
    }

    fn run(&self, command: &str) -> String {
        let run =
            Command::new(&self.script).arg(command).arg(self.folder.path()).stderr(Stdio::inherit()).output();
        let run = run.unwrap();
        assert!(run.status.success(), "{command}: {}", run.status);
        String::from_utf8(run.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("stop");
    }
}

/// What the writers have done.
#[derive(Debug)]
struct Progress {
    /// The ids of messages that were answered, by their questions.
    written: BTreeMap<String, String>,
    /// How often each writer was told that the service is unavailable.
    refused: Vec<usize>,
    slowest: Duration,
}

/// Writes until it is told to stop. With a key it asks for the same message until it is answered.
async fn write(
    client: TestClient,
    chat: String,
    writer: usize,
    progress: Arc<watch::Sender<Progress>>,
    stop: CancellationToken,
) {
    let is_keyed = writer.is_multiple_of(2);
    let mut n = 0;
    while !stop.is_cancelled() {
        let question = format!("{writer}:{n}");
        let client = if is_keyed { client.with_header("idempotency-key", &question) } else { client.clone() };
        let body = json!({"chat_id": chat, "question": question, "response": ""});
        let begun = Instant::now();
        let answer = client.post("/api/v1/messages/add-message", &body).await;
        let took = begun.elapsed();
        assert!(took < LONGEST, "{took:?} for {}", answer.text);
        let written = answer.status == 201;
        if !written {
            check_refusal(&answer);
        }
        if written || !is_keyed {
            n += 1;
        }
        progress.send_modify(|progress| {
            progress.slowest = progress.slowest.max(took);
            if written {
                progress.written.insert(question, text(&answer.json()["response_id"]));
            } else {
                progress.refused[writer] += 1;
            }
        });
    }
}

fn check_refusal(answer: &Answer) {
    let body = answer.clone().expect(503).json();
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(body["code"], "service_unavailable");
    assert!(body["detail"].is_string() && body["request_id"].is_string(), "{body}");
}

/// Writers on one line, whose messages go together in order.
pub async fn appends_while_the_database_is_killed() {
    append_while_the_database_is_killed(Load { writers: 8, lines: 1, kills: shared_test_kit::kills(KILLS) })
        .await;
}

/// Writers on lines of their own, whose messages go together across lines.
pub async fn appends_to_many_lines_while_the_database_is_killed() {
    append_while_the_database_is_killed(Load {
        writers: 32,
        lines: 32,
        kills: shared_test_kit::kills(KILLS),
    })
    .await;
}

async fn append_while_the_database_is_killed(load: Load) {
    let server = Server::new();
    let url = server.run("start");
    let (chats_of_lines, owner) = create_trunks(&url, load.lines).await;
    let chats = MockServer::start().await;
    let process = Process::start(&format!("{url}?directConnection=true"), &chats.uri(), Duration::ZERO);
    let client = process.client.as_user(owner);
    let progress =
        Progress { written: BTreeMap::new(), refused: vec![0; load.writers], slowest: Duration::ZERO };
    let (progress, stop) = (Arc::new(watch::Sender::new(progress)), CancellationToken::new());
    let mut writers = JoinSet::new();
    for writer in 0..load.writers {
        let chat = chats_of_lines[writer % load.lines].clone();
        writers.spawn(write(client.clone(), chat, writer, Arc::clone(&progress), stop.clone()));
    }
    let back = tokio::select! {
        back = kill_and_start(&server, &progress, load.kills) => back,
        Some(failed) = writers.join_next() => panic!("a writer has ended: {failed:?}"),
    };
    stop.cancel();
    writers.join_all().await;

    let progress = progress.borrow();
    println!(
        "{} answered, refused {:?}, slowest answer {:?}, back after {back:?}",
        progress.written.len(),
        progress.refused,
        progress.slowest
    );
    assert!(back.iter().all(|back| *back <= BACK));
    let mut found = BTreeMap::new();
    for chat in &chats_of_lines {
        let path = format!("/api/v1/messages/get-messages?chat_id={chat}&order=asc&limit=200");
        check_line(&list(&client, path).await.unwrap(), &mut found);
    }
    for (question, id) in &progress.written {
        assert_eq!(found.get(question), Some(id), "{question}");
    }
}

/// Kills the server so many times, and tells how long it took each time until a message was written again.
async fn kill_and_start(server: &Server, progress: &watch::Sender<Progress>, kills: usize) -> Vec<Duration> {
    let mut back = Vec::new();
    let written = |progress: &Progress| progress.written.len();
    for kill in 1..=kills {
        write_more(progress, WRITES).await;
        let refused = progress.borrow().refused.clone();
        server.run("kill");
        // Now and then it stays away until everybody knows.
        if kill % 5 == 0 {
            let knows = |(before, now): (&usize, &usize)| now > before;
            let all = |now: &Progress| refused.iter().zip(&now.refused).all(knows);
            drop(progress.subscribe().wait_for(all).await.unwrap());
        }
        let before = written(&progress.borrow());
        server.run("start");
        let ready = Instant::now();
        drop(progress.subscribe().wait_for(|progress| written(progress) > before).await.unwrap());
        back.push(ready.elapsed());
    }
    write_more(progress, WRITES).await;
    back
}

/// Checks that no message of a line is there twice, and that depths have no gaps. Adds the messages to those found.
fn check_line(line: &[Value], found: &mut BTreeMap<String, String>) {
    let mut before = Value::Null;
    for (message, depth) in line.iter().zip(1..) {
        assert_eq!((&message["depth"], &message["parent_response_id"]), (&depth.into(), &before));
        before = message["response_id"].clone();
        let twice = found.insert(text(&message["question"]), text(&message["response_id"]));
        assert_eq!(twice, None, "{message}");
    }
}

/// Waits until this many more messages are written.
async fn write_more(progress: &watch::Sender<Progress>, by: usize) {
    let goal = progress.borrow().written.len() + by;
    drop(progress.subscribe().wait_for(|progress| progress.written.len() >= goal).await.unwrap());
}

/// Chats of one user, of which the service knows.
async fn create_trunks(url: &str, count: usize) -> (Vec<String>, UserId) {
    let (tasks, clock) = (Tasks::default(), Clock::system());
    let database = Database::Mongo(url.to_owned().into());
    let store = ContentStore::open(
        &database,
        ServerTimeouts::default(),
        clock.clone(),
        &tasks,
        MemoryBudget::default(),
        UndoWindow::new(Duration::ZERO),
    )
    .await
    .unwrap();
    let (mut chats, owner) = (Vec::new(), UserId::generate());
    for _ in 0..count {
        let trunk = NewTrunk { chat: ChatId::generate(), owner, created_at: clock.now() };
        store.create_trunk(trunk).await.unwrap();
        chats.push(trunk.chat.to_string());
    }
    tasks.finished().await;
    (chats, owner)
}
