//! Crashes of the service, step by step, and what comes after.

use crate::ground::Ground;
use crate::operations::{Effect, Operation, Request};
use crate::process::Process;
use crate::tree::{Tree, View, text};
use crate::wire::Wire;
use branch::config::{Config, Database};
use branch::startup;
use branch::store::ContentStore;
use mongodb::bson::{Document, doc};
use secrecy::ExposeSecret as _;
use serde_json::json;
use shared::clock::Clock;
use shared::ids::{BranchId, ResponseId};
use shared::server::Tasks;
use shared::test_kit::{Answer, Running, TestClient, TestDatabase, any_port, token_keys};
use std::sync::Arc;
use std::time::Duration;
use wiremock::MockServer;

/// Longer than a request is left to end what it began.
const GRACE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// More messages than a step of the sweep is about.
const LONG: i64 = 430;

/// What happens after the restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The sweep comes, and then the request once more.
    Sweep,
    /// The request comes once more, and then the sweep.
    Repeat,
    /// The owner does something else, and then the sweep comes.
    GoOn,
}

/// A database, and a way to it.
struct Stage {
    database: Database,
    raw: mongodb::Database,
    wire: Wire,
    /// Knows no chats: they are planted already.
    chats: MockServer,
    /// Whether the server frees what a unique index has of a document that changes. MongoDB does; secantusd-rs
    /// 0.5.3-beta.196 only when the document is deleted.
    frees_keys: bool,
    _kept: TestDatabase,
}

/// Kills the service at each step of an operation, until it has no more.
pub async fn at_every_step(operation: Operation) {
    let stage = Stage::new().await;
    let mut steps = 0;
    while stage.crash(operation, Then::Sweep, steps).await {
        steps += 1;
    }
    let commands = stage.wire.log(|log| log.answered.clone());
    println!("{operation}: {steps} steps to be killed at: {}", commands.join(", "));
    // What is read leaves everything as it was.
    let writes =
        (1..).zip(&commands).filter(|(_, command)| !command.starts_with("find")).map(|(step, _)| step);
    for step in writes {
        for then in [Then::Repeat, Then::GoOn] {
            stage.crash(operation, then, step).await;
        }
    }
}

impl Stage {
    async fn new() -> Self {
        let kept = TestDatabase::mongo().unwrap();
        let url = kept.url("branch");
        let raw = mongodb::Client::with_uri_str(url.expose_secret()).await.unwrap();
        let raw = raw.default_database().unwrap();
        let server: reqwest::Url = url.expose_secret().parse().unwrap();
        let server = format!("{}:{}", server.host_str().unwrap(), server.port().unwrap_or(27017));
        let wire = Wire::to(server).await;
        let (chats, frees_keys) = (MockServer::start().await, frees_keys(&raw).await);
        Self { database: Database::Mongo(url), raw, wire, chats, frees_keys, _kept: kept }
    }

    /// Works with a store of its own. All that it writes behind is written in the end.
    async fn with_store<T>(&self, clock: &Clock, work: impl AsyncFnOnce(Arc<dyn ContentStore>) -> T) -> T {
        let tasks = Tasks::default();
        let done = work(startup::open(&self.database, clock.clone(), &tasks).await.unwrap()).await;
        tasks.finished().await;
        done
    }

    /// The service anew, with a clock of its own.
    async fn restart(&self, clock: &Clock) -> Running {
        let config = Config {
            listen: any_port(),
            keys: token_keys(&Clock::system()),
            database: self.database.clone(),
            chat: self.chats.uri().parse().unwrap(),
            clock: clock.clone(),
        };
        Running::start(startup::build(config).await.unwrap())
    }

    async fn grow(&self, operation: Operation, clock: &Clock) -> Tree {
        let grow = async |store| Tree::grow(&store, clock).await;
        let mut tree = self.with_store(clock, grow).await;
        if operation == Operation::DeleteChat {
            self.lengthen(&mut tree).await;
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

    /// Starts the service, asks, kills it after so many commands, and looks at what comes then. False if it has ended
    /// all that it does before it could be killed.
    async fn crash(&self, operation: Operation, then: Then, steps: usize) -> bool {
        // It stands before all that is due: nothing is swept before it is moved on.
        let clock = Clock::manual();
        let tree = self.grow(operation, &clock).await;
        let request = Request::new(operation, &tree);
        let answer = self.run(&request, steps).await;
        let killed = self.wire.log(|log| log.killed);
        let _told = Told(format!(
            "{operation}, then {then:?}, killed after {:?}",
            self.wire.log(|log| log.answered.clone())
        ));
        let service = self.restart(&clock).await;
        let aftermath =
            Aftermath { stage: self, request, clock, client: TestClient::new(service.url()), answer };
        aftermath.check(then, killed && steps == 0).await;
        killed
    }

    /// Starts the service, and kills it after so many commands.
    async fn run(&self, request: &Request<'_>, steps: usize) -> Option<Answer> {
        self.wire.reset();
        let Database::Mongo(url) = &self.database else { panic!("not on MongoDB") };
        let server: reqwest::Url = url.expose_secret().parse().unwrap();
        let url = format!("mongodb://{}{}?directConnection=true", self.wire.address, server.path());
        let process = Process::start(&url, &self.chats.uri());
        // The sweep of the start is over.
        self.wire
            .wait(|log| log.answered.last().is_some_and(|command| command == "find branches swept"))
            .await;
        self.wire.arm(steps, process.victim.clone());
        let meddle = async {
            if request.operation == Operation::ForkOfTheDeleted {
                self.wire.hold("insert branches");
                self.wire.wait(|log| log.held || log.killed).await;
                self.delete_a(request.tree).await;
                self.wire.release();
            }
        };
        let (answer, ()) = tokio::join!(request.send(&process.client), meddle);
        if answer.is_some() {
            self.wire.wait(|log| log.killed || request.operation.is_finished(&log.answered)).await;
        }
        answer
    }

    async fn delete_a(&self, tree: &Tree) {
        let a = BranchId::from(tree.a.parse::<uuid::Uuid>().unwrap());
        let delete = async |store: Arc<dyn ContentStore>| {
            store.delete_branch(tree.owner, a, true).await.unwrap();
        };
        self.with_store(&Clock::system(), delete).await;
    }
}

/// What comes after a crash.
struct Aftermath<'a> {
    stage: &'a Stage,
    request: Request<'a>,
    clock: Clock,
    client: TestClient,
    /// What the client had for an answer, if it had one.
    answer: Option<Answer>,
}

impl Aftermath<'_> {
    async fn check(&self, then: Then, nothing_was_done: bool) {
        let seen = self.look().await;
        self.read(seen.as_ref()).await;
        let before = self.request.effect(seen.as_ref());
        if nothing_was_done {
            assert_eq!(before, Effect::None);
        }
        self.check_answer(seen.as_ref(), before);
        match then {
            Then::Sweep => self.go_by_itself(before).await,
            Then::Repeat => self.repeat_at_once(seen.as_ref()).await,
            Then::GoOn => self.go_on(seen.as_ref(), before).await,
        }
        let settled = self.look().await;
        self.read(settled.as_ref()).await;
        self.sweep(HOUR).await.is_sound();
        self.sweep(24 * HOUR).await.is_clean();
        assert_eq!(self.look().await, settled);
    }

    /// The sweep comes first, and then the client again.
    async fn go_by_itself(&self, before: Effect) {
        self.sweep(GRACE).await.is_sound();
        let seen = self.look().await;
        let after = self.request.effect(seen.as_ref());
        assert_ne!(after, Effect::Partly);
        // What a client has seen to be done stays so.
        assert!(before != Effect::Whole || after == Effect::Whole);
        self.check_active(seen.as_ref());
        self.repeat(seen.as_ref()).await;
        self.sweep(GRACE).await.is_sound();
        let seen = self.look().await;
        assert_eq!(self.request.effect(seen.as_ref()), self.goal());
        self.check_active(seen.as_ref());
    }

    /// The client comes first, and then the sweep.
    async fn repeat_at_once(&self, seen: Option<&View>) {
        self.repeat(seen).await;
        self.sweep(GRACE).await.is_sound();
        let seen = self.look().await;
        assert_eq!(self.request.effect(seen.as_ref()), self.goal());
        self.check_active(seen.as_ref());
    }

    fn check_active(&self, seen: Option<&View>) {
        if let Some(view) = seen.filter(|_| self.request.effect(seen) == self.goal()) {
            self.request.check_active(view);
        }
    }

    /// What is seen when all was done that was asked for.
    fn goal(&self) -> Effect {
        if self.request.operation == Operation::ForkOfTheDeleted { Effect::None } else { Effect::Whole }
    }

    async fn look(&self) -> Option<View> {
        self.request.tree.look(&self.client.as_user(self.request.tree.owner)).await
    }

    async fn read(&self, view: Option<&View>) {
        self.request.tree.read(&self.client.as_user(self.request.tree.owner), view).await;
    }

    /// What was answered is so.
    fn check_answer(&self, seen: Option<&View>, effect: Effect) {
        let Some(answer) = self.answer.clone() else { return };
        match self.request.operation {
            Operation::Fork { .. } => {
                let made = text(&answer.expect(201).json()["branch_id"]);
                assert_eq!(seen.unwrap().new_in(self.request.tree), [&made]);
            }
            Operation::ForkOfTheDeleted => drop(answer.expect(404)),
            Operation::DeleteLeaf | Operation::Cascade | Operation::DeleteChat => drop(answer.expect(200)),
        }
        assert_eq!(effect, self.goal());
    }

    /// The client asks once more.
    async fn repeat(&self, seen: Option<&View>) {
        let effect = self.request.effect(seen);
        let made = seen.and_then(|view| view.new_in(self.request.tree).first().copied());
        let answer = self.request.send(&self.client).await.unwrap();
        match self.request.operation {
            Operation::Fork { keyed, with_id, .. } => {
                if with_id && !keyed && made.is_some() {
                    drop(answer.expect(409));
                    return;
                }
                let again = text(&answer.expect(201).json()["branch_id"]);
                if keyed && let Some(made) = made {
                    assert_eq!(again, *made);
                }
                let now = self.look().await.unwrap().new_in(self.request.tree).len();
                assert_eq!(now, if keyed || made.is_none() { 1 } else { 2 });
            }
            Operation::ForkOfTheDeleted => {
                drop(answer.expect(404));
                let again =
                    self.request.fork_with_the_key(&self.client, &json!(self.request.tree.last)).await;
                let again = again.unwrap();
                // If it was never answered, it may just as well have been made and then deleted.
                let reused = again.code() == "idempotency_key_reused" && self.answer.is_none();
                let kept = again.code() == "id_taken" && !self.stage.frees_keys;
                assert!(again.status == 201 || reused || kept, "{} {}", again.status, again.text);
                if again.status == 201 {
                    let made = text(&again.json()["branch_id"]);
                    let path = format!("/api/v1/branches/delete-branch/{made}");
                    self.client.as_user(self.request.tree.owner).delete(&path).await.expect(200);
                }
            }
            Operation::DeleteLeaf => drop(answer.expect(if effect == Effect::Whole { 404 } else { 200 })),
            Operation::Cascade => drop(answer.expect(if effect == Effect::None { 200 } else { 404 })),
            Operation::DeleteChat => drop(answer.expect(200)),
        }
    }

    /// The owner does something else: chooses a branch, and uses the new one, or that which was to be deleted. It is
    /// there, whatever is swept then.
    async fn go_on(&self, seen: Option<&View>, effect: Effect) {
        let tree = self.request.tree;
        let client = self.client.as_user(tree.owner);
        if let Some(view) = seen {
            let choice = json!({"chat_id": tree.id, "branch_id": tree.other});
            client.put("/api/v1/branches/set-active-branch", &choice).await.expect(200);
            let used = match self.request.operation {
                Operation::Fork { .. } => view.new_in(tree).first().copied(),
                Operation::DeleteLeaf => Some(&tree.e).filter(|_| effect == Effect::None),
                Operation::DeleteChat => Some(&tree.id),
                Operation::Cascade | Operation::ForkOfTheDeleted => None,
            };
            if let Some(used) = used {
                let more = json!({"chat_id": tree.id, "branch_id": used, "question": "more", "response": ""});
                let more = client.post("/api/v1/messages/add-message", &more).await.expect(201).json();
                let fork =
                    json!({"original_chat_id": tree.id, "branch_from_response_id": more["response_id"]});
                client.post("/api/v1/branches/create-branch", &fork).await.expect(201);
            }
            let before = self.look().await.unwrap();
            self.sweep(GRACE).await.is_sound();
            let after = self.look().await.unwrap();
            assert_eq!(after.active, tree.other);
            if used.is_some() {
                assert_eq!(after, before);
            }
        }
        self.sweep(GRACE).await.is_sound();
    }

    /// Lets time pass, and sweeps until there is nothing to do.
    async fn sweep(&self, later: Duration) -> Ground {
        self.clock.advance(later);
        let sweep = async |store: Arc<dyn ContentStore>| while store.sweep().await.unwrap() {};
        self.stage.with_store(&self.clock, sweep).await;
        Ground::of(&self.stage.raw, &self.request.tree.id).await
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

/// Says where it was, if the test ends here.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0);
        }
    }
}
