//! The crash driver: kills the service after each write of an operation.

use crate::operations::{Operation, Request, has_swept};
use crate::process::Process;
use crate::recovery_checks::{RecoveryChecks, Then};
use crate::snapshot::Snapshot;
use crate::tree::Tree;
use crate::wire::Wire;
use branch::config::{Config, Database};
use branch::startup;
use branch::store::ContentStore;
use mongodb::bson::{Document, doc};
use reqwest::Url;
use secrecy::ExposeSecret as _;
use shared::clock::Clock;
use shared::error::StartError;
use shared::ids::{BranchId, ResponseId};
use shared::tasks::Tasks;
use shared::undo_window::UndoWindow;
use shared_test_kit::{Answer, TestClient, TestDatabase, server_config, token_keys};
use shared_web::body_limits::MemoryBudget;
use shared_web::server::ServerConfig;
use shared_web::timeouts::ServerTimeouts;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use wiremock::MockServer;

/// More messages than a step of the sweep is about.
const LONG: i64 = 250;

/// The end of a run.
pub struct Expected<'a> {
    /// The writes after which the service is killed.
    pub writes: usize,
    /// Whether all that comes after the answer has been done, by the commands that were answered.
    pub is_finished: &'a (dyn Fn(&[String]) -> bool + Sync),
}

/// A database, and the proxy through which the service reaches it.
pub struct CrashDriver {
    database: Database,
    pub raw: mongodb::Database,
    wire: Wire,
    /// Knows no chats: they are planted already.
    chats: MockServer,
    /// Whether the server frees what a unique index has of a document that changes. MongoDB does; secantusd-rs
    /// 0.5.3-beta.196 only when the document is deleted.
    pub frees_keys: bool,
    undo_window: Duration,
    _kept: TestDatabase,
}

/// Kills the service before the first command of an operation and after each that writes: those that read leave
/// everything as it was. Each run starts from the same state, and so does each recovery from that of its crash.
pub async fn at_every_step(operation: Operation) {
    let driver = CrashDriver::new(operation.undo_window()).await;
    let tree = driver.grow(operation).await;
    let grown = Snapshot::take(&driver.raw).await;
    let killed = driver.crash(operation, &tree, usize::MAX, &[Then::Sweep]).await;
    assert!(!killed);
    let (commands, writes) = driver.steps();
    println!("{operation}: killed at {} steps of {}: {}", writes + 1, commands.len(), commands.join(", "));
    for writes in 0..=writes {
        grown.restore(&driver.raw).await;
        // Where nothing was done, nothing can go on otherwise.
        let recoveries: &[_] =
            if writes == 0 { &[Then::Sweep] } else { &[Then::Sweep, Then::Repeat, Then::GoOn] };
        let killed = driver.crash(operation, &tree, writes, recoveries).await;
        assert!(killed, "there is no write {writes}");
    }
}

impl CrashDriver {
    pub async fn new(undo_window: Duration) -> Self {
        let kept = TestDatabase::mongo().unwrap();
        let url = kept.url("branch");
        let raw = mongodb::Client::with_uri_str(url.expose_secret()).await.unwrap();
        let raw = raw.default_database().unwrap();
        let server: Url = url.expose_secret().parse().unwrap();
        let server = format!("{}:{}", server.host_str().unwrap(), server.port().unwrap_or(27017));
        let wire = Wire::to(server).await;
        // No message is old: the sweep has no previews to fill in.
        let watermark = doc! {"_id": "previews", "after": "", "width_millis": 1_i64, "until_millis": 0_i64};
        raw.collection("schema").insert_one(watermark).await.unwrap();
        let (chats, frees_keys) = (MockServer::start().await, frees_keys(&raw).await);
        Self { database: Database::Mongo(url), raw, wire, chats, frees_keys, undo_window, _kept: kept }
    }

    /// Works with a store of its own. All that it writes behind is written in the end.
    pub async fn with_store<T>(&self, clock: &Clock, work: impl AsyncFnOnce(ContentStore) -> T) -> T {
        let tasks = Tasks::default();
        let done = work(
            ContentStore::open(
                &self.database,
                ServerTimeouts::default(),
                clock.clone(),
                &tasks,
                MemoryBudget::default(),
                UndoWindow::new(self.undo_window),
            )
            .await
            .unwrap(),
        )
        .await;
        tasks.finished().await;
        done
    }

    /// Starts the service anew, with this clock.
    async fn restart(&self, clock: &Clock) -> RestartedService {
        let config = Config {
            server: ServerConfig { keys: token_keys(&Clock::system()), ..server_config(clock) },
            database: self.database.clone(),
            chat: self.chats.uri().parse().unwrap(),
            undo_window: UndoWindow::new(self.undo_window),
        };
        let (service, stop) = (startup::build(config).await.unwrap(), CancellationToken::new());
        let url = format!("http://{}", service.address()).parse().unwrap();
        let ended = tokio::spawn(service.run_until_stopped(stop.clone()));
        RestartedService { url, ended, stop: stop.drop_guard() }
    }

    async fn grow(&self, operation: Operation) -> Tree {
        let clock = &Clock::manual();
        let grow = async |store| Tree::grow(&store, clock).await;
        let mut tree = self.with_store(clock, grow).await;
        match operation {
            Operation::DeleteChat => self.lengthen(&mut tree).await,
            Operation::Restore => self.delete(&tree, &tree.b, clock).await,
            Operation::Destroy => self.delete(&tree, &tree.e, clock).await,
            _ => {}
        }
        tree
    }

    /// Makes the trunk long.
    async fn lengthen(&self, tree: &mut Tree) {
        let messages = self.raw.collection::<Document>("messages");
        let last = messages.find_one(doc! {"_id": tree.last.to_string()}).await.unwrap().unwrap();
        let (mut head, depth) = (tree.last.to_string(), last.get_i64("depth").unwrap());
        let mut more = Vec::new();
        for depth in depth + 1..=LONG {
            let mut next = last.clone();
            let id = ResponseId::generate().to_string();
            next.extend(doc! {"_id": &id, "depth": depth, "parent": head, "question": "more"});
            more.push(next);
            head = id;
            tree.lines.get_mut(&tree.id).unwrap().push("more".to_owned());
        }
        messages.insert_many(more).await.unwrap();
        let trunk = self.raw.collection::<Document>("branches");
        let hint = doc! {"$set": {"head": head, "head_depth": LONG}};
        trunk.update_one(doc! {"_id": &tree.id}, hint).await.unwrap();
    }

    /// Starts the service, asks, kills it after so many writes, and checks each of these recoveries. False if it has fewer
    /// writes.
    async fn crash(&self, operation: Operation, tree: &Tree, writes: usize, recoveries: &[Then]) -> bool {
        // They stand before all that is due: nothing is swept before they are moved on.
        let clocks: Vec<_> = recoveries.iter().map(|_| Clock::manual()).collect();
        let request = Request::new(operation, tree);
        let answer = self.run(&request, writes).await;
        let (killed, answered) = self.killed();
        let crashed = Snapshot::take(&self.raw).await;
        for (recovery, (then, clock)) in recoveries.iter().zip(clocks).enumerate() {
            let _context = FailureContext(format!("{operation}, then {then:?}, killed after {answered:?}"));
            if recovery > 0 {
                crashed.restore(&self.raw).await;
            }
            let service = self.restart(&clock).await;
            let client = TestClient::new(service.url.clone());
            let checks =
                RecoveryChecks { driver: self, request: &request, clock, client, answer: answer.as_ref() };
            let seen = checks.look().await;
            if recovery == 0 {
                checks.check_crashed(seen.as_ref(), killed && writes == 0).await;
            }
            checks.check_recovery(*then, seen.as_ref()).await;
            drop(checks);
            service.stop().await;
        }
        killed
    }

    /// Starts the service, and kills it after so many writes.
    async fn run(&self, request: &Request<'_>, writes: usize) -> Option<Answer> {
        let meddle = async || {
            let deleted = [Operation::ForkOfTheDeleted, Operation::ForkOnHeadMovedOfTheDeleted];
            if deleted.contains(&request.operation) {
                self.hold_until_held("insert branches").await;
                self.delete(request.tree, &request.tree.a, &Clock::system()).await;
                self.release();
            }
        };
        let is_finished = |answered: &[String]| request.operation.is_finished(answered);
        let send = async |client: &TestClient| request.send(client).await;
        self.run_killed(Expected { writes, is_finished: &is_finished }, send, meddle).await
    }

    /// Holds up the next command of this name, and returns when it waits.
    pub async fn hold_until_held(&self, command: &'static str) {
        self.wire.hold(command);
        self.wire.wait(|log| log.held || log.killed).await;
    }

    pub fn release(&self) {
        self.wire.release();
    }

    /// The commands of the last run, and how many of them have written.
    pub fn steps(&self) -> (Vec<String>, usize) {
        self.wire.log(|log| (log.answered.clone(), log.writes()))
    }

    /// Whether the service was killed, and the commands that were answered before.
    pub fn killed(&self) -> (bool, Vec<String>) {
        self.wire.log(|log| (log.killed, log.answered.clone()))
    }

    /// Starts the service, sends a request while something else happens, and kills it after so many writes.
    pub async fn run_killed(
        &self,
        Expected { writes, is_finished }: Expected<'_>,
        send: impl AsyncFnOnce(&TestClient) -> Option<Answer>,
        meddle: impl AsyncFnOnce(),
    ) -> Option<Answer> {
        self.wire.reset();
        let Database::Mongo(url) = &self.database else { panic!("not on MongoDB") };
        let server: Url = url.expose_secret().parse().unwrap();
        let url = format!("mongodb://{}{}?directConnection=true", self.wire.address, server.path());
        let process = Process::start(&url, &self.chats.uri(), self.undo_window);
        // The sweep of the start is over.
        self.wire.wait(|log| has_swept(&log.answered)).await;
        self.wire.arm(writes, process.victim.clone());
        let (answer, ()) = tokio::join!(send(&process.client), meddle());
        if answer.is_some() {
            self.wire.wait(|log| log.killed || is_finished(&log.answered)).await;
        }
        answer
    }

    async fn delete(&self, tree: &Tree, branch: &str, clock: &Clock) {
        let branch = BranchId::from(branch.parse::<uuid::Uuid>().unwrap());
        let delete = async |store: ContentStore| {
            store.delete_branch(tree.owner, branch, true).await.unwrap();
        };
        self.with_store(clock, delete).await;
    }
}

/// The service in this process, until it is stopped or dropped.
struct RestartedService {
    url: Url,
    ended: JoinHandle<Result<(), StartError>>,
    stop: DropGuard,
}

impl RestartedService {
    /// Returns when it has ended: what it writes behind would change what is restored next.
    async fn stop(self) {
        drop(self.stop);
        self.ended.await.unwrap().unwrap();
    }
}

async fn frees_keys(raw: &mongodb::Database) -> bool {
    let index = doc! {"name": "by_key", "key": {"key_id": 1}, "unique": true, "sparse": true};
    raw.run_command(doc! {"createIndexes": "keys", "indexes": [index]}).await.unwrap();
    let keys = raw.collection::<Document>("keys");
    keys.insert_one(doc! {"_id": 1, "key_id": "key"}).await.unwrap();
    keys.update_one(doc! {"_id": 1}, doc! {"$unset": {"key_id": ""}}).await.unwrap();
    keys.insert_one(doc! {"_id": 2, "key_id": "key"}).await.is_ok()
}

/// Prints what was done, if the test fails here.
struct FailureContext(String);

impl Drop for FailureContext {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0);
        }
    }
}
