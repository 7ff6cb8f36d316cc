//! A service for one test, with a database of its own and a chat service that knows the chats of the test.

use branch::config::{Config, Database};
use branch::startup;
use branch::store::ContentStore;
use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::ids::{ChatId, UserId};
use shared::service::Service;
use shared::tasks::Tasks;
use shared::undo_window::UndoWindow;
use shared_test_kit::{Answer, Running, TestClient, TestDatabase, server_config, token_keys};
use shared_web::body_limits::MemoryBudget;
use shared_web::server::ServerConfig;
use shared_web::timeouts::ServerTimeouts;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

type Chats = Arc<Mutex<HashMap<String, Value>>>;

pub struct TestApp {
    pub client: TestClient,
    pub clock: Clock,
    /// The chat service.
    pub chat: MockServer,
    chats: Chats,
    undo_window: UndoWindow,
    // The service goes before its database does.
    _service: Running,
    pub database: Database,
    _database: TestDatabase,
}

/// Starts a service on a free port, with a clock that stands still, which destroys at once what is deleted.
pub async fn spawn_app() -> TestApp {
    spawn_app_with(UndoWindow::new(Duration::ZERO)).await
}

/// Starts a service in which what is deleted can be restored for a day.
pub async fn spawn_undoable_app() -> TestApp {
    spawn_app_with(UndoWindow::new(DAY)).await
}

/// Starts a service in which what is deleted can be restored within this window.
async fn spawn_app_with(undo_window: UndoWindow) -> TestApp {
    let clock = Clock::manual();
    let (kept, database) = database().await;
    let chats = Chats::default();
    let chat = MockServer::start().await;
    let known = Arc::clone(&chats);
    let answer = move |request: &Request| {
        let id = request.url.path().rsplit('/').next().unwrap_or_default();
        match known.lock().unwrap().get(id) {
            Some(chat) => ResponseTemplate::new(200).set_body_json(chat),
            None => ResponseTemplate::new(404),
        }
    };
    Mock::given(method("GET")).respond_with(answer).mount(&chat).await;
    Mock::given(method("PUT")).respond_with(ResponseTemplate::new(200)).mount(&chat).await;
    let config = Config {
        server: ServerConfig { keys: token_keys(&Clock::system()), ..server_config(&clock) },
        database: database.clone(),
        chat: chat.uri().parse().unwrap(),
        undo_window,
    };
    let service = Running::start(startup::build(config).await.unwrap());
    let client = TestClient::new(service.url());
    TestApp { client, clock, chat, chats, undo_window, _service: service, database, _database: kept }
}

/// On MongoDB where `TEST_MONGO_URL` is set, else where `TEST_DATABASE_URL` says.
async fn database() -> (TestDatabase, Database) {
    if let Some(kept) = TestDatabase::mongo() {
        let url = kept.url("branch");
        return (kept, Database::Mongo(url));
    }
    let kept = TestDatabase::create().await;
    let url = kept.url("branch");
    (kept, Database::Sql(url))
}

impl TestApp {
    /// A user, and a chat that the chat service knows.
    pub fn chat(&self) -> Chat {
        self.chat_of(UserId::generate())
    }

    /// A chat of this user.
    pub fn chat_of(&self, user: UserId) -> Chat {
        let id = ChatId::generate().to_string();
        let chat = json!({"chat_id": id, "account_id": user, "created_at": "2026-01-31T12:00:00.123456Z", "deleted": false});
        self.chats.lock().unwrap().insert(id.clone(), chat);
        Chat { user, id, client: self.client.as_user(user) }
    }

    /// How often the chat service was asked for a chat.
    pub async fn count_lookups(&self) -> usize {
        let requests = self.chat.received_requests().await.unwrap();
        requests.iter().filter(|request| request.method.as_str() == "GET").count()
    }

    /// The chat service has deleted this chat, and has yet to say so.
    pub fn delete_in_chat_service(&self, chat: &Chat) {
        self.chats.lock().unwrap().get_mut(&chat.id).unwrap()["deleted"] = json!(true);
    }

    /// A client that is the chat service.
    pub fn as_chat_service(&self) -> TestClient {
        let token = token_keys(&Clock::system()).issue_for_service(Service::Chat, Service::Branch).unwrap();
        self.client.with_token(&token)
    }

    /// A client that is the answer service.
    pub fn as_answer_service(&self) -> TestClient {
        let token = token_keys(&Clock::system()).issue_for_service(Service::Answer, Service::Branch).unwrap();
        self.client.with_token(&token)
    }

    /// The chat service says that this chat was deleted.
    pub async fn delete_chat(&self, chat: &Chat) -> Answer {
        let path = format!("/internal/chats/{}?owner={}", chat.id, chat.user);
        self.as_chat_service().delete(&path).await
    }

    /// The chat service wants this state of a chat.
    pub async fn put_state(&self, chat: &Chat, query: &str) -> Answer {
        let created_at = "2026-01-31T12:00:00.123456Z";
        let path =
            format!("/internal/chats/{}/state?owner={}&created_at={created_at}&{query}", chat.id, chat.user);
        self.as_chat_service().send(Method::PUT, &path, None).await
    }

    /// The service's store, opened once more.
    pub async fn store(&self) -> ContentStore {
        ContentStore::open(
            &self.database,
            ServerTimeouts::default(),
            self.clock.clone(),
            &Tasks::default(),
            MemoryBudget::default(),
            self.undo_window,
        )
        .await
        .unwrap()
    }
}

/// A chat, and a client of its owner.
pub struct Chat {
    pub user: UserId,
    pub id: String,
    pub client: TestClient,
}

impl Chat {
    pub async fn post_message(&self, body: &Value) -> Answer {
        self.client.post("/api/v1/messages/add-message", body).await
    }

    /// Appends to a chat's or a branch's line, and tells the message.
    pub async fn say(&self, id: &str, question: &str) -> Value {
        let body = json!({"chat_id": id, "question": question, "response": format!("{question}!")});
        self.post_message(&body).await.expect(201).json()
    }

    pub async fn post_branch(&self, body: &Value) -> Answer {
        self.client.post("/api/v1/branches/create-branch", body).await
    }

    /// Forks from a response, and tells the new branch's id.
    pub async fn fork(&self, response: &Value) -> String {
        let body = json!({"original_chat_id": self.id, "branch_from_response_id": response});
        text(&self.post_branch(&body).await.expect(201).json()["branch_id"])
    }

    pub async fn get_line(&self, id: &str, query: &str) -> Answer {
        self.client.get(&format!("/api/v1/messages/get-messages?chat_id={id}{query}")).await
    }

    /// The questions of a branch's line, oldest first.
    pub async fn line(&self, branch: &str) -> Vec<String> {
        let answer =
            self.get_line(&self.id, &format!("&branch_id={branch}&order=asc&limit=200")).await.expect(200);
        assert_eq!(answer.header("x-branch-id"), branch);
        questions(&answer)
    }

    pub async fn get_message(&self, response: &Value) -> Answer {
        self.client.get(&format!("/api/v1/messages/get-message/{}", text(response))).await
    }

    pub async fn tree(&self, id: &str) -> Value {
        self.client.get(&format!("/api/v1/branches/get-branches?chat_id={id}")).await.expect(200).json()
    }

    pub async fn get_branch(&self, branch: &str) -> Answer {
        self.client.get(&format!("/api/v1/branches/get-branch/{branch}")).await
    }

    pub async fn activate(&self, id: &str, branch: &str) -> Answer {
        self.client
            .put("/api/v1/branches/set-active-branch", &json!({"chat_id": id, "branch_id": branch}))
            .await
    }

    pub async fn rename(&self, branch: &str, body: &Value) -> Answer {
        self.client.put(&format!("/api/v1/branches/update-branch/{branch}"), body).await
    }

    pub async fn restore_branch(&self, branch: &str) -> Answer {
        self.client.send(Method::POST, &format!("/api/v1/branches/restore-branch/{branch}"), None).await
    }

    pub async fn deleted_branches(&self, id: &str, query: &str) -> Answer {
        self.client.get(&format!("/api/v1/branches/deleted-branches?chat_id={id}{query}")).await
    }

    pub async fn delete_branch(&self, branch: &str, query: &str) -> Answer {
        self.client.delete(&format!("/api/v1/branches/delete-branch/{branch}{query}")).await
    }
}

/// The questions of a list of messages.
pub fn questions(answer: &Answer) -> Vec<String> {
    answer.json().as_array().unwrap().iter().map(|message| text(&message["question"])).collect()
}

/// A JSON text.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// An id that nothing has.
pub fn unknown() -> String {
    ChatId::generate().to_string()
}
