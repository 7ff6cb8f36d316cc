//! A store for one test, on an engine and a database of its own.

use branch::config::Database;
use branch::domain::{
    AnswerDetails, Branch, BranchFilter, BranchKey, BranchName, ExpectedHead, ForkPoint, Message, Metadata,
    OnHeadMoved, Order, Question, Response,
};
use branch::error::Error;
use branch::store::{
    AppendRequest, BranchChanges, BranchPage, BranchWithActive, ChatForkPoint, ChatForkRequest,
    CherryPickRequest, Comparison, ContentStore, EditRequest, ForkRequest, LinePosition, LineRequest,
    MessageRequest, NewTrunk, Position, SweepStep, TreeRequest,
};
use futures_util::stream::{self, StreamExt as _};
use secrecy::ExposeSecret as _;
use shared::clock::{Clock, Timestamp};
use shared::idempotency::{IdempotencyKey, RequestHash};
use shared::ids::{BranchId, ChatId, KeyId, ResponseId, UserId};
use shared::tasks::Tasks;
use shared::undo_window::UndoWindow;
use shared::validation::{Field as _, TextField, Value};
pub use shared_test_kit::Engine;
use shared_test_kit::{RowLock, TestDatabase};
use shared_web::body_limits::MemoryBudget;
use shared_web::timeouts::ServerTimeouts;
use std::time::Duration;

/// Deleted branches cannot be restored.
pub const NO_WINDOW: UndoWindow = UndoWindow::new(Duration::ZERO);

/// Calls that are under way at a time.
const CONCURRENT_CALLS: usize = 64;

/// Any number of stores on one database.
pub struct Kit {
    pub store: ContentStore,
    pub clock: Clock,
    database: Database,
    tasks: Tasks,
    kept: TestDatabase,
}

impl Kit {
    /// A new database on this engine.
    pub async fn on(engine: Engine) -> Self {
        let kept = TestDatabase::on(engine).await;
        let url = kept.url("branch");
        let database = match kept {
            TestDatabase::Mongo { .. } => Database::Mongo(url),
            TestDatabase::Sqlite(_) | TestDatabase::Postgres { .. } => Database::Sql(url),
        };
        let (clock, tasks) = (Clock::manual(), Tasks::default());
        let store = ContentStore::open(
            &database,
            ServerTimeouts::default(),
            clock.clone(),
            &tasks,
            MemoryBudget::default(),
            NO_WINDOW,
        )
        .await
        .unwrap();
        Self { store, clock, database, tasks, kept }
    }

    /// Another store on the same database, as another process has it.
    pub async fn replica(&self) -> ContentStore {
        self.store_with(NO_WINDOW).await
    }

    /// A store on the same database in which what is deleted can be restored within this window.
    pub async fn store_with(&self, undo_window: UndoWindow) -> ContentStore {
        ContentStore::open(
            &self.database,
            ServerTimeouts::default(),
            self.clock.clone(),
            &self.tasks,
            MemoryBudget::default(),
            undo_window,
        )
        .await
        .unwrap()
    }

    /// Locks the rows that the table of branches has now, on PostgreSQL.
    pub async fn lock_branches(&self) -> RowLock {
        RowLock::of(&self.kept, "branch.branches").await.unwrap()
    }

    pub fn database(&self) -> &TestDatabase {
        &self.kept
    }

    /// The database, if it is on MongoDB.
    pub fn mongo_url(&self) -> Option<reqwest::Url> {
        match &self.database {
            Database::Mongo(url) => url.expose_secret().parse().ok(),
            Database::Sql(_) => None,
        }
    }

    /// The bytes of all files of the database, which is on SQLite.
    pub fn bytes(&self) -> Vec<u8> {
        let TestDatabase::Sqlite(folder) = &self.kept else { panic!("a database without files of its own") };
        let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.flat_map(|file| std::fs::read(file).unwrap()).collect()
    }

    /// A store on the same MongoDB, which it reaches by another URL.
    pub async fn replica_by(&self, url: String) -> ContentStore {
        ContentStore::open(
            &Database::Mongo(url.into()),
            ServerTimeouts::default(),
            self.clock.clone(),
            &self.tasks,
            MemoryBudget::default(),
            NO_WINDOW,
        )
        .await
        .unwrap()
    }

    /// A chat of a new user.
    pub async fn chat(&self) -> Chat {
        self.chat_of(UserId::generate()).await
    }

    pub async fn chat_of(&self, owner: UserId) -> Chat {
        let id = ChatId::generate();
        let trunk = NewTrunk { chat: id, owner, created_at: self.clock.now() };
        self.store.create_trunk(trunk).await.unwrap();
        Chat { store: self.store.clone(), id, owner }
    }

    pub async fn sweep(&self) {
        sweep(&self.store).await;
    }
}

impl Drop for Kit {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

/// Calls for each item, as many clients do: some calls are under way at any time.
pub async fn concurrently<I, T>(items: impl IntoIterator<Item = I>, call: impl AsyncFn(I) -> T) -> Vec<T> {
    stream::iter(items).map(|item| call(item)).buffered(CONCURRENT_CALLS).collect().await
}

/// Sweeps until nothing is left to do.
pub async fn sweep(store: &ContentStore) {
    while store.sweep().await.unwrap() != SweepStep::NothingDue {}
}

/// A chat as its owner uses it, through one of the stores.
#[derive(Clone)]
pub struct Chat {
    pub store: ContentStore,
    pub id: ChatId,
    pub owner: UserId,
}

impl Chat {
    pub fn through(&self, store: &ContentStore) -> Self {
        Self { store: store.clone(), ..self.clone() }
    }

    /// Lets its store sweep until nothing is left to do.
    pub async fn sweep(&self) {
        sweep(&self.store).await;
    }

    pub fn trunk(&self) -> BranchId {
        self.id.trunk()
    }

    pub fn message(&self, branch: BranchId, question: &str) -> AppendRequest {
        AppendRequest {
            owner: self.owner,
            target: self.trunk(),
            branch: Some(branch),
            question: <Question as TextField>::parse(question.to_owned()).unwrap(),
            response: <Response as TextField>::parse("r".to_owned()).unwrap(),
            metadata: Metadata::default(),
            expected_head: ExpectedHead::Any,
            on_head_moved: OnHeadMoved::Reject,
            activate: false,
            key: None,
            id: None,
            details: AnswerDetails::default(),
        }
    }

    pub async fn say(&self, branch: BranchId, question: &str) -> Message {
        let created = self.store.append(self.message(branch, question)).await.unwrap();
        assert!(!created.replayed);
        created.object
    }

    pub fn branch(&self, from: Option<ResponseId>) -> ForkRequest {
        ForkRequest {
            owner: self.owner,
            target: self.trunk(),
            from,
            id: None,
            name: None,
            activate: false,
            key: None,
        }
    }

    /// A request to answer a message again.
    pub fn regenerate(&self, message: ResponseId) -> EditRequest {
        EditRequest {
            owner: self.owner,
            message,
            reading_chat: None,
            question: None,
            response: <Response as TextField>::parse("again".to_owned()).unwrap(),
            metadata: Metadata::default(),
            activate: false,
            branch_name: None,
            key: None,
        }
    }

    /// A request to copy messages to a branch, after its head.
    pub fn pick(&self, sources: &[ResponseId], onto: BranchId) -> CherryPickRequest {
        CherryPickRequest {
            owner: self.owner,
            sources: sources.to_vec(),
            onto,
            from: ForkPoint::Head,
            name: None,
            activate: false,
            key: None,
        }
    }

    pub async fn fork(&self, from: ResponseId) -> BranchId {
        self.store.fork(&self.branch(Some(from))).await.unwrap().object.branch.id
    }

    /// This many branches at a message, made concurrently, as they are listed: the oldest first.
    pub async fn fork_many(&self, from: ResponseId, count: usize) -> Vec<BranchId> {
        let mut made = concurrently(0..count, async |_| self.fork(from).await).await;
        made.sort();
        made
    }

    /// The request for a chat that is forked from this one at a message.
    pub fn chat_fork(&self, message: Option<ResponseId>) -> ChatForkRequest {
        let from = ChatForkPoint { chat: self.id, message };
        let created_at = Timestamp::from_micros(0).unwrap();
        ChatForkRequest { chat: ChatId::generate(), owner: self.owner, created_at, from }
    }

    /// A chat that is forked from this one at a message.
    pub async fn fork_chat(&self, message: ResponseId) -> Chat {
        let request = self.chat_fork(Some(message));
        self.store.fork_chat(&request).await.unwrap();
        Self { id: request.chat, ..self.clone() }
    }

    /// A message as it is read in this chat.
    pub async fn read_here(&self, message: ResponseId) -> Option<Message> {
        let reading_chat = Some(self.trunk());
        self.store.read_message(MessageRequest { owner: self.owner, message, reading_chat }).await.unwrap()
    }

    pub fn page(&self, branch: BranchId) -> LineRequest {
        let (owner, target, branch) = (self.owner, self.trunk(), Some(branch));
        LineRequest { owner, target, branch, order: Order::Asc, start: None, from_depth: None, limit: 200 }
    }

    /// A page of a line from this position on.
    pub fn page_from(&self, branch: BranchId, position: Position) -> LineRequest {
        let start = Some(LinePosition { chat: self.id, branch, position });
        LineRequest { start, ..self.page(branch) }
    }

    /// All messages of a line, page by page.
    pub async fn read(&self, branch: BranchId, order: Order, limit: usize) -> Result<Vec<Message>, Error> {
        let mut request = LineRequest { order, limit, ..self.page(branch) };
        let mut messages = Vec::new();
        loop {
            let page = self.store.read_page(&request).await?.messages;
            assert!(page.items.len() <= limit);
            messages.extend(page.items);
            let Some(next) = page.next else { return Ok(messages) };
            request.start = Some(next);
        }
    }

    /// A page of a walk from a depth.
    pub fn walk(&self, branch: BranchId, order: Order, from_depth: i64) -> LineRequest {
        LineRequest { order, from_depth: Some(from_depth), ..self.page(branch) }
    }

    /// Where the lines of two branches part: the depth of the last common message, 0 without one, and how far each goes on.
    pub async fn compare(&self, left: BranchId, right: BranchId) -> (i64, i64, i64) {
        let Comparison { common, left, right } = self.store.compare(self.owner, left, right).await.unwrap();
        (common.map_or(0, |message| message.depth), left.ahead, right.ahead)
    }

    /// The questions of a line, oldest first. There are no gaps in it.
    pub async fn line(&self, branch: BranchId) -> Vec<String> {
        let messages = self.read(branch, Order::Asc, 200).await.unwrap();
        let mut before = None;
        for (message, depth) in messages.iter().zip(1..) {
            assert_eq!((message.depth, message.parent), (depth, before));
            before = Some(message.id);
        }
        messages.into_iter().map(|message| message.question).collect()
    }

    pub async fn node(&self, branch: BranchId) -> Option<BranchWithActive> {
        use branch::store::Lookup;
        match self.store.look_up(self.owner, branch).await.unwrap() {
            Lookup::Found(node) => Some(*node),
            Lookup::Hidden | Lookup::Unknown => None,
        }
    }

    /// A node and all below it.
    pub async fn tree(&self, branch: BranchId) -> Vec<Branch> {
        self.list(branch, None, 10_000).await.items
    }

    /// A page of a branch and its descendants.
    pub async fn list(&self, target: BranchId, after: Option<BranchKey>, limit: usize) -> BranchPage {
        self.list_matching(target, &BranchFilter::default(), after, limit).await
    }

    /// A page of those of them that match.
    pub async fn list_matching(
        &self,
        target: BranchId,
        filter: &BranchFilter,
        after: Option<BranchKey>,
        limit: usize,
    ) -> BranchPage {
        let request = TreeRequest { owner: self.owner, target, filter: filter.clone(), after, limit };
        self.store.list_branches(&request).await.unwrap()
    }

    /// Changes a branch, and returns it.
    pub async fn update(&self, branch: BranchId, changes: &BranchChanges) -> Branch {
        self.store.update_branch(self.owner, branch, changes).await.unwrap().branch
    }

    pub async fn active(&self) -> BranchId {
        self.node(self.trunk()).await.unwrap().active
    }
}

pub fn name(text: &str) -> BranchName {
    <BranchName as TextField>::parse(text.to_owned()).unwrap()
}

/// The change of a name.
pub fn rename(text: Option<&str>) -> BranchChanges {
    BranchChanges { name: Some(text.map(name)), ..BranchChanges::default() }
}

pub fn metadata(json: &str) -> Metadata {
    Metadata::parse(Value::Json(json)).unwrap()
}

/// A new key, and the hash of a request that came with it.
pub fn key(request: u8) -> IdempotencyKey {
    IdempotencyKey { id: KeyId::generate(), hash: RequestHash(vec![request; 32]) }
}

pub fn at(via: BranchId, depth: i64) -> Position {
    Position { via, depth }
}

/// The ids of branches.
pub fn ids(branches: &[Branch]) -> Vec<BranchId> {
    branches.iter().map(|branch| branch.id).collect()
}

macro_rules! refused {
    ($answer:expr, $error:ident) => {
        match $answer {
            Err(branch::error::Error::$error { .. }) => {}
            other => panic!("expected {}, not {other:?}", stringify!($error)),
        }
    };
}
pub(crate) use refused;
