//! A service for one test, with a database of its own, and stand-ins for the services that it calls.

use crate::branch_service::BranchService;
use answer::config::{Config, UserKeysConfig};
use answer::domain::Timing;
use answer::models::Models;
use answer::startup;
use answer::store::{Limits, migrations};
use secrecy::SecretString;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::env::Env;
use shared::ids::{ChatId, UserId};
use shared::service::Service;
use shared_store::Store;
use shared_test_kit::{Answer, Running, SECRET_KEY, TestClient, TestDatabase, server_config, token_keys};
use std::time::Duration;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

/// The base of the routes.
pub const ANSWERS: &str = "/api/v1/answers";
/// The user whose chats all are, for the stand-in of the chat service.
pub const OWNER: &str = "019bd5f0-7c3a-7d52-9f0e-3b1c5a7e9d21";

pub struct TestApp {
    pub branch_service: BranchService,
    _branch: MockServer,
    pub config: Config,
    pub database: TestDatabase,
    pub clock: Clock,
    pub service: Running,
}

/// Times that let a test wait for nothing long. Leases are as long as in earnest: a test sets them back.
pub fn short_times() -> Timing {
    let millis = Duration::from_millis;
    Timing {
        flush: millis(5),
        stop_poll: millis(50),
        follow_poll: millis(20),
        queue_poll: millis(50),
        queue_grace: millis(200),
        reap_poll: millis(50),
        store_grace: millis(200),
        disconnect_grace: millis(200),
        ..Timing::default()
    }
}

/// Starts a service on a free port.
pub async fn spawn_app() -> TestApp {
    spawn_app_with(|_| {}).await
}

/// The same with another configuration.
pub async fn spawn_app_with(change: impl FnOnce(&mut Config)) -> TestApp {
    let (clock, database, branch) =
        (Clock::system(), TestDatabase::create().await, MockServer::start().await);
    let branch_service = BranchService::default();
    Mock::given(any()).respond_with(branch_service.clone()).mount(&branch).await;
    let mut config = Config {
        server: server_config(&clock),
        database: database.url("answer"),
        branch: branch.uri().parse().unwrap(),
        chat: branch.uri().parse().unwrap(),
        models: Models::from_env(&Env::default()).unwrap(),
        limits: Limits { runs: 100, questions_per_minute: 1_000, tokens_per_day: None },
        question_bytes: 1 << 20,
        drain: Duration::from_secs(10),
        secret: SecretString::from(SECRET_KEY),
        user_keys: UserKeysConfig::default(),
        account_retention: Duration::from_secs(3600),
        timing: short_times(),
    };
    change(&mut config);
    let service = Running::start(startup::build(config.clone()).await.unwrap());
    TestApp { branch_service, _branch: branch, config, database, clock, service }
}

impl TestApp {
    /// Another service on the same database.
    pub async fn replica(&self) -> Running {
        Running::start(startup::build(self.config.clone()).await.unwrap())
    }

    /// The owner of all chats.
    pub fn user(&self) -> User {
        self.user_at(&self.service)
    }

    /// The same at another replica.
    pub fn user_at(&self, replica: &Running) -> User {
        let id = UserId::from(shared::ids::parse_uuid(OWNER).unwrap());
        User { client: self.client_of(replica, id) }
    }

    /// Somebody else.
    pub fn stranger(&self) -> User {
        User { client: self.client_of(&self.service, UserId::generate()) }
    }

    fn client_of(&self, replica: &Running, id: UserId) -> TestClient {
        let token = token_keys(&self.clock).issue_access(id, Duration::from_secs(3600)).unwrap();
        TestClient::new(replica.url()).with_token(&token)
    }

    /// Another service.
    pub fn service(&self, service: Service) -> TestClient {
        let token = token_keys(&self.clock).issue_for_service(service, Service::Answer).unwrap();
        TestClient::new(self.service.url()).with_token(&token)
    }

    /// The database, for a test that plays a replica or moves a lease.
    pub async fn store(&self) -> Store {
        let timeout = Duration::from_secs(10);
        Store::open(&self.config.database, "answer", migrations(), timeout).await.unwrap()
    }
}

/// A user with a token.
pub struct User {
    pub client: TestClient,
}

impl User {
    /// The same with an idempotency key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { client: self.client.with_header("idempotency-key", key) }
    }

    /// The same who wants events.
    pub fn streaming(&self) -> Self {
        Self { client: self.client.with_header("accept", "text/event-stream") }
    }

    pub async fn create(&self, body: &Value) -> Answer {
        self.client.post(&format!("{ANSWERS}/create-answer"), body).await
    }

    /// The id of a new answer to a question in a chat.
    pub async fn ask(&self, chat: &str, question: &str) -> String {
        let body = json!({"chat_id": chat, "question": question});
        text(&self.create(&body).await.expect(201).json()["response_id"]).to_owned()
    }

    pub async fn get(&self, id: &str) -> Answer {
        self.client.get(&format!("{ANSWERS}/get-answer/{id}")).await
    }

    pub async fn stop(&self, id: &str) -> Answer {
        self.client.send(reqwest::Method::POST, &format!("{ANSWERS}/stop-answer/{id}"), None).await
    }

    /// All events after the one with this id, to the end.
    pub async fn stream(&self, id: &str, after: Option<i64>) -> Answer {
        let query = after.map_or_else(String::new, |after| format!("?after={after}"));
        self.client.get(&format!("{ANSWERS}/stream-answer/{id}{query}")).await
    }

    /// The answer once it is stored.
    pub async fn stored(&self, id: &str) -> Value {
        self.stream(id, None).await.expect(200);
        self.get(id).await.expect(200).json()
    }

    /// The text of an answer once it has said something.
    pub async fn begun(&self, id: &str) {
        eventually("it says something", async || !text(&self.get(id).await.json()["text"]).is_empty()).await;
    }
}

/// The id of a new chat.
pub fn chat() -> String {
    ChatId::generate().to_string()
}

/// A question whose answer takes as long as the test does.
pub fn endless() -> String {
    "[[delay:20]][[repeat:90000]] word and".to_owned()
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
