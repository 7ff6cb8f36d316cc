//! A service for one test, with a database of its own, and stand-ins for the services that it calls.

use crate::branch_service::BranchService;
use chat::config::Config;
use chat::startup;
use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::ids::UserId;
use shared::service::Service;
use shared::undo_window::UndoWindow;
use shared_test_kit::{Answer, Running, TestClient, TestDatabase, server_config, token_keys};
use std::time::Duration;
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The base of the public routes.
pub const CHATS: &str = "/api/v1/chats";
/// The route of the records.
pub const CONVERSATIONS: &str = "/api/v1/conversations/";
/// The retention of a deleted chat.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

pub struct TestApp {
    pub client: TestClient,
    pub clock: Clock,
    /// The auth service, which knows no user.
    pub auth: MockServer,
    /// The server of the branch service.
    pub branch: MockServer,
    pub branch_service: BranchService,
    config: Config,
    service: Running,
    pub database: TestDatabase,
}

/// Starts a service on a free port, with a manual clock. What is deleted can be restored for a day.
pub async fn spawn_app() -> TestApp {
    spawn_app_with(|_| {}).await
}

/// The same with another window; of zero, nothing can be restored.
pub async fn spawn_app_with_window(undo_window: Duration) -> TestApp {
    spawn_app_with(|config| config.undo_window = UndoWindow::new(undo_window)).await
}

/// The same with another configuration.
pub async fn spawn_app_with(change: impl FnOnce(&mut Config)) -> TestApp {
    let clock = Clock::manual();
    let database = TestDatabase::create().await;
    let (auth, branch) = (MockServer::start().await, MockServer::start().await);
    let branch_service = BranchService::default();
    mount_branch(&branch, branch_service.clone()).await;
    let mut config = Config {
        server: server_config(&clock),
        database: database.url("chat"),
        auth: auth.uri().parse().unwrap(),
        branch: branch.uri().parse().unwrap(),
        answer: None,
        account_retention: Duration::from_secs(5),
        undo_window: UndoWindow::new(DAY),
    };
    change(&mut config);
    let service = Running::start(startup::build(config.clone()).await.unwrap());
    let client = TestClient::new(service.url());
    TestApp { client, clock, auth, branch, branch_service, config, service, database }
}

async fn mount_branch(server: &MockServer, service: BranchService) {
    for name in ["GET", "PUT", "DELETE"] {
        Mock::given(method(name)).respond_with(service.clone()).mount(server).await;
    }
}

impl TestApp {
    /// A user who is new to this service.
    pub fn user(&self) -> User {
        self.user_of(UserId::generate())
    }

    pub fn user_of(&self, id: UserId) -> User {
        self.user_at(&self.client, id)
    }

    /// The same user at another replica.
    pub fn user_at(&self, replica: &TestClient, id: UserId) -> User {
        let token = token_keys(&self.clock).issue_access(id, 9 * DAY).unwrap();
        User { id, client: replica.with_token(&token) }
    }

    /// Another service.
    pub fn service(&self, service: Service) -> TestClient {
        let token = token_keys(&self.clock).issue_for_service(service, Service::Chat).unwrap();
        self.client.with_token(&token)
    }

    pub async fn delete_account(&self, user: UserId) -> Answer {
        self.service(Service::Auth).delete(&format!("/internal/accounts/{user}")).await
    }

    /// Stops the service and starts another on the same database.
    pub async fn restart(&mut self) {
        self.service.stop();
        self.service = Running::start(startup::build(self.config.clone()).await.unwrap());
        self.client = TestClient::new(self.service.url());
    }

    /// Another service on the same database, with a clock that is ahead.
    pub async fn replica(&self, ahead: Duration) -> (Running, TestClient) {
        let mut config = self.config.clone();
        config.server.clock = Clock::manual();
        config.server.clock.advance(ahead);
        let service = Running::start(startup::build(config).await.unwrap());
        let client = TestClient::new(service.url());
        (service, client)
    }

    /// Makes auth answer every call with a user of this name.
    pub async fn name_user(&self, user: &User, name: &str) {
        let answer = json!({"user_id": user.id, "username": name});
        let named = Mock::given(method("GET")).and(path(format!("/internal/users/{}", user.id)));
        named.respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&self.auth).await;
    }

    /// Gives the branch service another answer to every call.
    pub async fn branch_responds_with(&self, status: u16, body: &Value) {
        self.branch.reset().await;
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(any()).respond_with(answer).mount(&self.branch).await;
    }

    /// Gives the branch service its usual answers again.
    pub async fn branch_recovers(&self) {
        self.branch.reset().await;
        mount_branch(&self.branch, self.branch_service.clone()).await;
    }

    /// The deliveries that branch has received, in no order: the state that a chat shall have.
    pub async fn deliveries(&self) -> Vec<String> {
        let requests = self.branch.received_requests().await.unwrap();
        let deliveries = requests.iter().filter(|request| request.url.path().ends_with("/state"));
        let states = deliveries.map(|request| {
            let parameter = |name| request.url.query_pairs().find(|(key, _)| key == name).unwrap().1;
            let chat = request.url.path().split('/').nth(3).unwrap();
            format!("{} {chat} of {}", parameter("state"), parameter("owner"))
        });
        states.collect()
    }
}

/// A user with a token.
pub struct User {
    pub id: UserId,
    pub client: TestClient,
}

impl User {
    /// The same with an idempotency key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { id: self.id, client: self.client.with_header("idempotency-key", key) }
    }

    pub async fn create_chat(&self, body: &Value) -> Answer {
        self.client.post(&format!("{CHATS}/create-chat"), body).await
    }

    /// The id of a new chat.
    pub async fn chat(&self, name: &str) -> String {
        text(&self.create_chat(&json!({"name": name})).await.expect(201).json()["chat_id"]).to_owned()
    }

    pub async fn get_chats(&self, query: &str) -> Answer {
        self.client.get(&format!("{CHATS}/get-chat{query}")).await
    }

    pub async fn get_chat(&self, id: &str) -> Answer {
        self.client.get(&format!("{CHATS}/get-chat/{id}")).await
    }

    pub async fn update_chat(&self, id: &str, body: &Value) -> Answer {
        self.client.put(&format!("{CHATS}/update-chat/{id}"), body).await
    }

    pub async fn delete_chat(&self, id: &str) -> Answer {
        self.client.delete(&format!("{CHATS}/delete-chat/{id}")).await
    }

    pub async fn delete_permanently(&self, id: &str) -> Answer {
        self.client.delete(&format!("{CHATS}/delete-chat/{id}?permanent=true")).await
    }

    pub async fn restore_chat(&self, id: &str) -> Answer {
        self.client.send(Method::POST, &format!("{CHATS}/restore-chat/{id}"), None).await
    }

    pub async fn deleted_chats(&self, query: &str) -> Answer {
        self.client.get(&format!("{CHATS}/deleted-chats{query}")).await
    }

    pub async fn fork_chat(&self, body: &Value) -> Answer {
        self.client.post(&format!("{CHATS}/fork-chat"), body).await
    }

    pub async fn create_conversation(&self, body: &Value) -> Answer {
        self.client.post(CONVERSATIONS, body).await
    }

    /// The id of a new record.
    pub async fn conversation(&self, chat: &str, name: &str) -> String {
        let answer = self.create_conversation(&json!({"chat_id": chat, "name": name})).await;
        text(&answer.expect(201).json()["id"]).to_owned()
    }

    pub async fn get_conversations(&self, query: &str) -> Answer {
        self.client.get(&format!("{CONVERSATIONS}{query}")).await
    }

    pub async fn delete_conversation(&self, id: &str) -> Answer {
        self.client.delete(&format!("{CONVERSATIONS}{id}")).await
    }

    /// Sends a body as it is.
    pub async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        self.client.send(method, path, Some(body.to_owned())).await
    }

    /// The values of `field` in the objects of a list, from `path` to the last page.
    pub async fn all_pages(&self, path: &str, field: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let answer = self.client.get(&path).await.expect(200);
            all.extend(column(&answer, field));
            next = answer.next();
        }
        all
    }
}

/// The values of `field` in the objects of a list.
pub fn column(answer: &Answer, field: &str) -> Vec<String> {
    answer.json().as_array().unwrap().iter().map(|object| text(&object[field]).to_owned()).collect()
}

/// A JSON text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Waits for work in the background, for at most half a minute.
pub async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    for _ in 0..1500 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("has not happened: {what}");
}
