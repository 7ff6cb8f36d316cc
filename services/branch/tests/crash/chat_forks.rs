//! Forks of chats that go through a crash: they are there whole or not at all, what they stand on is there as long as they are, and then
//! it is gone.

use crate::crash_driver::{CrashDriver, Expected};
use crate::kit::{Chat, sweep};
use crate::operations::has_swept;
use crate::snapshot::{Snapshot, find_all};
use branch::domain::Order;
use branch::error::Error;
use branch::store::{ChatForkPoint, ChatForkRequest, ContentStore, NewTrunk};
use mongodb::bson::{Document, doc};
use reqwest::Method;
use serde_json::json;
use shared::clock::Clock;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared::service::Service;
use shared_test_kit::{Answer, TestClient, token_keys};
use std::time::Duration;

/// Longer than a request is left to end what it began.
const GRACE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Fork,
    /// A fork of a chat that is deleted before the fork is there.
    ForkOfTheDeleted,
    /// The deletion of a chat that another one was forked from.
    DeleteSource,
    /// The deletion of the branch that the fork stands on.
    DeleteBranch,
    /// The deletion of the last fork of a chat that is deleted.
    DeleteFork,
}

/// The first to act after the restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Sweep,
    Repeat,
}

/// A chat with a branch, and the fork of it, which stands on that branch.
#[derive(Clone)]
struct Scene {
    source: Chat,
    branch: BranchId,
    fork: Chat,
    request: ChatForkRequest,
    /// The line of the fork, and that of a branch of it.
    lines: Vec<(BranchId, Vec<&'static str>)>,
    /// The messages that the fork stands on.
    inherited: usize,
}

impl Scene {
    async fn grow(store: &ContentStore, operation: Operation) -> Self {
        let source = Chat { store: store.clone(), id: ChatId::generate(), owner: UserId::generate() };
        let new = NewTrunk { chat: source.id, owner: source.owner, created_at: Clock::manual().now() };
        store.create_trunk(new).await.unwrap();
        let trunk = say(&source, source.trunk(), &["t1", "t2", "t3"]).await;
        let branch = source.fork(trunk[1]).await;
        let own = say(&source, branch, &["a1", "a2", "a3"]).await;
        let request = source.chat_fork(Some(own[1]));
        let fork = Chat { id: request.chat, ..source.clone() };
        let mut lines = Vec::from([(fork.trunk(), vec!["t1", "t2", "a1", "a2"])]);
        if !matches!(operation, Operation::Fork | Operation::ForkOfTheDeleted) {
            store.fork_chat(&request).await.unwrap();
            say(&fork, fork.trunk(), &["f1"]).await;
            lines[0].1.push("f1");
            let of_fork = fork.fork(trunk[0]).await;
            say(&fork, of_fork, &["g1"]).await;
            lines.push((of_fork, vec!["t1", "g1"]));
        }
        Self { source, branch, fork, request, lines, inherited: 4 }
    }

    /// The same through another store.
    fn through(&self, store: &ContentStore) -> Self {
        Self { source: self.source.through(store), fork: self.fork.through(store), ..self.clone() }
    }

    async fn send(&self, operation: Operation, client: &TestClient) -> Option<Answer> {
        let keys = token_keys(&Clock::system());
        let token = keys.issue_for_service(Service::Chat, Service::Branch).unwrap();
        let service = client.with_token(&token);
        let owner = self.source.owner;
        match operation {
            Operation::Fork | Operation::ForkOfTheDeleted => {
                let path = format!("/internal/chats/{}/fork", self.fork.id);
                let ChatForkPoint { chat, message } = self.request.from;
                let body = json!({
                    "owner": owner, "created_at": self.request.created_at, "source_chat_id": chat,
                    "response_id": message,
                });
                service.try_send(Method::PUT, &path, Some(body.to_string())).await
            }
            Operation::DeleteSource | Operation::DeleteFork => {
                let chat = if operation == Operation::DeleteSource { self.source.id } else { self.fork.id };
                let path = format!("/internal/chats/{chat}?owner={owner}");
                service.try_send(Method::DELETE, &path, None).await
            }
            Operation::DeleteBranch => {
                let path = format!("/api/v1/branches/delete-branch/{}", self.branch);
                client.as_user(owner).try_send(Method::DELETE, &path, None).await
            }
        }
    }

    /// The same once more, through a store.
    async fn repeat(&self, operation: Operation) -> Result<(), Error> {
        let store = &self.source.store;
        match operation {
            Operation::Fork | Operation::ForkOfTheDeleted => store.fork_chat(&self.request).await,
            Operation::DeleteSource => store.delete_chat(self.source.owner, self.source.id).await,
            Operation::DeleteFork => store.delete_chat(self.source.owner, self.fork.id).await,
            Operation::DeleteBranch => store.delete_branch(self.source.owner, self.branch, false).await,
        }
    }

    /// Whether the fork is there, which is whole then.
    async fn has_fork(&self) -> bool {
        if self.fork.node(self.fork.trunk()).await.is_none() {
            return false;
        }
        for (branch, line) in &self.lines {
            assert_eq!(self.fork.line(*branch).await, *line);
            for order in [Order::Asc, Order::Desc] {
                assert_eq!(self.fork.read(*branch, order, 2).await.unwrap().len(), line.len());
            }
        }
        true
    }

    async fn has_source(&self) -> bool {
        self.source.node(self.source.trunk()).await.is_some()
    }

    /// The documents of a collection that are left.
    async fn left(&self, driver: &CrashDriver, collection: &str) -> Vec<Document> {
        let filter = doc! {"owner": self.source.owner.to_string()};
        find_all(&driver.raw, collection, filter).await
    }

    /// The number of all messages of the fork.
    fn own_and_inherited(&self) -> usize {
        let forked = self.lines.len() - 1;
        self.inherited + self.lines[0].1.len() - 4 + forked
    }
}

async fn say(chat: &Chat, branch: BranchId, questions: &[&str]) -> Vec<ResponseId> {
    let mut said = Vec::new();
    for question in questions {
        said.push(chat.say(branch, question).await.id);
    }
    said
}

/// Kills the service before the first command of an operation and after each that writes. Each run starts from the same state, and
/// so does each recovery from that of its crash.
pub async fn at_every_step(operation: Operation) {
    let driver = CrashDriver::new(Duration::ZERO).await;
    let scene = grow(&driver, operation).await;
    let grown = Snapshot::take(&driver.raw).await;
    assert!(!crash(&driver, &scene, operation, usize::MAX, &[Then::Sweep]).await);
    let (commands, writes) = driver.steps();
    println!("{operation:?}: killed at {} steps of {}: {}", writes + 1, commands.len(), commands.join(", "));
    for writes in 0..=writes {
        grown.restore(&driver.raw).await;
        let killed = crash(&driver, &scene, operation, writes, &[Then::Sweep, Then::Repeat]).await;
        assert!(killed, "there is no write {writes}");
    }
}

async fn grow(driver: &CrashDriver, operation: Operation) -> Scene {
    let clock = Clock::manual();
    let grow = async |store| {
        let scene = Scene::grow(&store, operation).await;
        if operation == Operation::DeleteFork {
            store.delete_chat(scene.source.owner, scene.source.id).await.unwrap();
            sweep_for_days(&store, &clock).await;
        }
        scene
    };
    driver.with_store(&clock, grow).await
}

/// Kills the service after so many writes, and checks each of these recoveries. False if it has fewer.
async fn crash(
    driver: &CrashDriver,
    grown: &Scene,
    operation: Operation,
    writes: usize,
    recoveries: &[Then],
) -> bool {
    // They stand before all that is due: nothing is swept before they are moved on.
    let clocks: Vec<_> = recoveries.iter().map(|_| Clock::manual()).collect();
    let run = async |store| run(driver, &grown.through(&store), operation, writes).await;
    let answer = driver.with_store(&Clock::manual(), run).await;
    let (killed, commands) = driver.killed();
    let crashed = Snapshot::take(&driver.raw).await;
    for (recovery, (then, clock)) in recoveries.iter().zip(clocks).enumerate() {
        if recovery > 0 {
            crashed.restore(&driver.raw).await;
        }
        let check = async |store| {
            check(driver, &grown.through(&store), (operation, *then), &clock, answer.as_ref()).await
        };
        driver.with_store(&clock, check).await.unwrap_or_else(|wrong| {
            panic!("{wrong}: {operation:?}, then {then:?}, killed after {commands:?}");
        });
    }
    killed
}

async fn run(driver: &CrashDriver, scene: &Scene, operation: Operation, writes: usize) -> Option<Answer> {
    let meddle = async || {
        if operation == Operation::ForkOfTheDeleted {
            driver.hold_until_held("insert branches").await;
            scene.source.store.delete_chat(scene.source.owner, scene.source.id).await.unwrap();
            driver.release();
        }
    };
    let is_finished = |answered: &[String]| match operation {
        Operation::Fork => {
            let mut after = answered.iter().skip_while(|command| *command != "insert branches");
            after.any(|command| command.starts_with("update branches"))
        }
        Operation::ForkOfTheDeleted => true,
        Operation::DeleteSource | Operation::DeleteBranch | Operation::DeleteFork => has_swept(answered),
    };
    let send = async |client: &TestClient| scene.send(operation, client).await;
    driver.run_killed(Expected { writes, is_finished: &is_finished }, send, meddle).await
}

/// Whether all is as it should be, after the crash and then.
async fn check(
    driver: &CrashDriver,
    scene: &Scene,
    (operation, then): (Operation, Then),
    clock: &Clock,
    answer: Option<&Answer>,
) -> Result<(), String> {
    let store = &scene.source.store;
    let before = scene.has_fork().await;
    match (operation, answer) {
        (Operation::Fork, Some(answer)) => assert_eq!((answer.status.as_u16(), before), (200, true)),
        (Operation::ForkOfTheDeleted, Some(answer)) => {
            assert_eq!((answer.status.as_u16(), before), (404, false));
        }
        (_, Some(answer)) => assert_eq!(answer.status.as_u16(), 200),
        (Operation::DeleteSource | Operation::DeleteBranch, None) => assert!(before),
        _ => {}
    }
    if then == Then::Repeat {
        let again = scene.repeat(operation).await;
        match operation {
            Operation::ForkOfTheDeleted if scene.has_source().await => again.unwrap(),
            Operation::ForkOfTheDeleted => {
                assert!(matches!(again, Err(Error::ChatNotFound)), "{again:?}");
            }
            Operation::DeleteBranch => {
                assert!(matches!(again, Ok(()) | Err(Error::BranchNotFound)), "{again:?}");
            }
            _ => again.unwrap(),
        }
    }
    clock.advance(GRACE);
    sweep(store).await;
    let after = scene.has_fork().await;
    match operation {
        Operation::Fork if then == Then::Repeat => assert!(after),
        Operation::ForkOfTheDeleted => assert!(scene.has_source().await || !after),
        Operation::Fork => assert_eq!(after, before),
        Operation::DeleteSource | Operation::DeleteBranch => assert!(after),
        Operation::DeleteFork => assert!(!after || before),
    }
    for branch in scene.left(driver, "branches").await {
        let is_alive = branch.get_bool("alive").unwrap();
        if is_alive && (branch.contains_key("state") || branch.contains_key("source")) {
            return Err(format!("under way: {branch}"));
        }
    }
    // The source goes, and the fork has what it had.
    store.delete_chat(scene.source.owner, scene.source.id).await.unwrap();
    sweep_for_days(store, clock).await;
    assert_eq!(scene.has_fork().await, after);
    let left = scene.left(driver, "messages").await;
    let expected = if after { scene.own_and_inherited() } else { 0 };
    if left.len() != expected {
        return Err(format!("{} messages are left, not {expected}: {left:?}", left.len()));
    }
    // Then the fork goes, and all with it.
    store.delete_chat(scene.source.owner, scene.fork.id).await.unwrap();
    sweep_for_days(store, clock).await;
    for collection in ["messages", "branches"] {
        let left = scene.left(driver, collection).await;
        if !left.is_empty() {
            return Err(format!("left: {left:?}"));
        }
    }
    Ok(())
}

/// Sweeps until nothing is left to do, also later.
async fn sweep_for_days(store: &ContentStore, clock: &Clock) {
    for later in [Duration::ZERO, 2 * HOUR, 24 * HOUR, 2 * HOUR] {
        clock.advance(later);
        sweep(store).await;
    }
}
