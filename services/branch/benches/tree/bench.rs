//! The service, and what is asked of it.

use crate::raw::{PAGE, Raw};
use branch::config::{Config, Database};
use branch::startup;
use branch::store::ContentStore;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::ids::UserId;
use shared::service::Service;
use shared::tasks::Tasks;
use shared::undo_window::UndoWindow;
pub use shared_test_kit::Engine;
use shared_test_kit::{Answer, Running, TestClient, TestDatabase, server_config, token_keys};
use shared_web::body_limits::MemoryBudget;
use shared_web::timeouts::ServerTimeouts;
use std::time::Duration;
use wiremock::MockServer;

/// A service with an empty database, and the ways to reach both.
pub struct Bench {
    pub engine: Engine,
    pub database: Database,
    undo_window: UndoWindow,
    pub user: UserId,
    pub client: TestClient,
    /// The store, opened once more, to make places quickly.
    pub store: ContentStore,
    /// The bare driver, on MongoDB.
    pub raw: Option<Raw>,
    _service: Running,
    tasks: Tasks,
    _kept: TestDatabase,
    /// It knows no chat: trunks are planted through the store.
    chat: MockServer,
}

impl Bench {
    /// `undo_window` is the time in which what is deleted can be restored.
    pub async fn start(engine: Engine, undo_window: Duration) -> Self {
        let undo_window = UndoWindow::new(undo_window);
        let kept = TestDatabase::on(engine).await;
        let (url, chat, user) = (kept.url("branch"), MockServer::start().await, UserId::generate());
        let database = if engine == Engine::Mongo { Database::Mongo(url) } else { Database::Sql(url) };
        let service = serve(&database, &chat, undo_window).await;
        let client = TestClient::new(service.url()).as_user(user);
        let tasks = Tasks::default();
        let store = ContentStore::open(
            &database,
            ServerTimeouts::default(),
            Clock::system(),
            &tasks,
            MemoryBudget::default(),
            undo_window,
        )
        .await
        .unwrap();
        let raw = Raw::connect(&database).await;
        Self {
            engine,
            database,
            undo_window,
            user,
            client,
            store,
            raw,
            _service: service,
            tasks,
            _kept: kept,
            chat,
        }
    }

    /// Another replica of the service, and a client of it.
    pub async fn replica(&self) -> (Running, TestClient) {
        let service = serve(&self.database, &self.chat, self.undo_window).await;
        let client = TestClient::new(service.url()).as_user(self.user);
        (service, client)
    }

    pub async fn append(&self, branch: &str) {
        append(&self.client, branch).await;
    }

    pub async fn fork(&self, line: &str, response: &str) {
        let body = json!({"original_chat_id": line, "branch_from_response_id": response});
        self.client.post("/api/v1/branches/create-branch", &body).await.expect(201);
    }

    pub async fn update_message(&self, response: &str) {
        let path = format!("/api/v1/messages/update-message/{response}");
        self.client.put(&path, &json!({"metadata": {"rating": "good"}})).await.expect(200);
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.client.get(path).await.expect(200)
    }

    pub async fn switch(&self, chat: &str, branch: &str) {
        let body = json!({"chat_id": chat, "branch_id": branch});
        self.client.put("/api/v1/branches/set-active-branch", &body).await.expect(200);
    }

    /// Deletes a chat as the chat service does: what is left then goes in the background.
    pub async fn delete_chat(&self, chat: &str) {
        let token = token_keys(&Clock::system()).issue_for_service(Service::Chat, Service::Branch).unwrap();
        let path = format!("/internal/chats/{chat}?owner={}", self.user);
        self.client.with_token(&token).delete(&path).await.expect(200);
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

async fn serve(database: &Database, chat: &MockServer, undo_window: UndoWindow) -> Running {
    let config = Config {
        server: server_config(&Clock::system()),
        database: database.clone(),
        chat: chat.uri().parse().unwrap(),
        undo_window,
    };
    Running::start(startup::build(config).await.unwrap())
}

/// Appends to the line that an id stands for.
pub async fn append(client: &TestClient, id: &str) {
    let body = json!({"chat_id": id, "question": QUESTION, "response": RESPONSE});
    client.post("/api/v1/messages/add-message", &body).await.expect(201);
}

pub const QUESTION: &str = "What is a banyan, and how does it come to have so many trunks?";
pub const RESPONSE: &str = "A fig that begins its life on another tree. Its branches let roots down, which thicken \
    into trunks where they reach the ground, so that one tree can become a wood.";

/// The path of the newest page of a line.
pub fn newest(id: &str) -> String {
    format!("/api/v1/messages/get-messages?chat_id={id}&limit={PAGE}")
}

/// A text of a JSON object.
pub fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap().to_owned()
}
