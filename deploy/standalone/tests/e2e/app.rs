//! A stack for one test, with a database of its own, and a user of it.

use answer::config::UserKeysConfig;
use answer::models::Models;
use reqwest::Url;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::env::Env;
use shared::error::StartError;
use shared_test_kit::{Answer, SECRET_KEY, TestClient, TestDatabase, any_port, shown_metrics};
use shared_web::metrics::Metrics;
use standalone::config::Databases;
use standalone::stack::Stack;
use standalone::stack_config::StackConfig;
use standalone::traces::StackTraces;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const PASSWORD: &str = "correct horse";

/// A stack that runs until this is dropped.
pub struct TestStack {
    pub client: TestClient,
    pub url: Url,
    pub metrics: Metrics,
    stop: CancellationToken,
    running: JoinHandle<Result<(), StartError>>,
    /// The SQL database, and that of documents, if there is one.
    pub databases: (TestDatabase, Option<TestDatabase>),
    _folder: TempDir,
}

/// Starts a stack on free ports.
pub async fn spawn_stack() -> TestStack {
    spawn_stack_with(|_| {}).await
}

/// Starts a stack on free ports, whose spans go there.
pub async fn spawn_traced_stack(traces: StackTraces) -> TestStack {
    spawn_stack_with(|config| config.traces = traces).await
}

/// Starts a stack on free ports, with what else is said of it.
pub async fn spawn_stack_with(configure: impl FnOnce(&mut StackConfig)) -> TestStack {
    spawn_stack_on((TestDatabase::create().await, TestDatabase::mongo()), configure).await
}

/// Starts a stack on this data: all of it, or that which is not in documents.
pub async fn spawn_stack_on(
    (database, documents): (TestDatabase, Option<TestDatabase>),
    configure: impl FnOnce(&mut StackConfig),
) -> TestStack {
    let branch = match &documents {
        Some(documents) => branch::config::Database::Mongo(documents.url("branch")),
        None => branch::config::Database::Sql(database.url("branch")),
    };
    let [auth, chat, answer] = ["auth", "chat", "answer"].map(|service| database.url(service));
    let databases = Databases { auth, chat, branch, answer };
    let metrics = shown_metrics();
    let folder = tempfile::tempdir().unwrap();
    let mut config = default_config(databases, metrics.clone(), folder.path());
    configure(&mut config);
    let stack = Stack::build(config).await.unwrap();
    let url: Url = format!("http://{}", stack.address()).parse().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(stack.run_until_stopped(stop.clone()));
    TestStack {
        client: TestClient::new(url.clone()),
        url,
        metrics,
        stop,
        running,
        databases: (database, documents),
        _folder: folder,
    }
}

/// The built-in model, as one of the provider `fig`, for which users may have keys.
pub fn echo_of_a_provider() -> Models {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[[models]]\nname = \"banyan/echo\"\nprovider = \"fig\"\n").unwrap();
    Models::from_env(&Env::of([("MODELS_FILE", file.path().to_str().unwrap())])).unwrap()
}

/// The defaults of every variable, on a free port; but users may have keys of their own, so that the document has all routes.
fn default_config(databases: Databases, metrics: Metrics, data_dir: &Path) -> StackConfig {
    let clock = Clock::system();
    let env = Env::of([("AUTH_BCRYPT_COST", "4")]);
    StackConfig {
        listen: any_port(),
        secret: Some(SECRET_KEY.into()),
        downstream: gateway::config::DownstreamConfig::default(),
        has_ui: true,
        rate_limits: gateway::config::RateLimitConfig::from_env(&env).unwrap(),
        concurrency: gateway::config::ConcurrencyConfig::from_env(&env).unwrap(),
        times: shared_web::timeouts::ServerTimeouts::from_env(&env).unwrap(),
        bodies: shared_web::body_limits::BodyLimits::from_env(&env).unwrap(),
        gateway_timeouts: gateway::config::Timeouts::from_env(&env).unwrap(),
        databases,
        tokens: auth::config::TokenLife::from_env(&env).unwrap(),
        passwords: auth::config::PasswordConfig::from_env(&env).unwrap(),
        registration: auth::domain::RegistrationPolicy::Open,
        undo_window: shared::undo_window::UndoWindow::from_env(&env).unwrap(),
        models: Models::from_env(&env).unwrap(),
        answer_limits: answer::config::limits(&env).unwrap(),
        question_bytes: answer::config::question_bytes(&env).unwrap(),
        user_keys: UserKeysConfig { is_on: true, ..UserKeysConfig::default() },
        answer_drain: answer::config::drain(&env).unwrap(),
        clock,
        data_dir: data_dir.to_owned(),
        metrics,
        traces: StackTraces::default(),
    }
}

impl Drop for TestStack {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl TestStack {
    /// Stops it in good order.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        (&mut self.running).await.unwrap().unwrap();
    }

    /// Registers a user and logs in.
    pub async fn user(&self, name: &str) -> User {
        let credentials = json!({"username": name, "password": PASSWORD});
        let registered = self.client.post("/api/v1/auth/register", &credentials).await.expect(201).json();
        self.log_in(name, text(&registered["user_id"])).await
    }

    /// Logs in as the user of this name and id.
    pub async fn log_in(&self, name: &str, id: &str) -> User {
        let credentials = json!({"username": name, "password": PASSWORD});
        let tokens = self.client.post("/api/v1/auth/login", &credentials).await.expect(200).json();
        User {
            client: self.client.with_token(text(&tokens["access_token"])),
            id: id.to_owned(),
            access_token: text(&tokens["access_token"]).to_owned(),
            refresh_token: text(&tokens["refresh_token"]).to_owned(),
        }
    }
}

/// A user who has logged in.
pub struct User {
    pub client: TestClient,
    pub id: String,
    pub access_token: String,
    pub refresh_token: String,
}

impl User {
    pub async fn get(&self, path: &str) -> Answer {
        self.client.get(&format!("/api/v1{path}")).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.client.post(&format!("/api/v1{path}"), body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.client.put(&format!("/api/v1{path}"), body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.client.delete(&format!("/api/v1{path}")).await
    }

    /// Makes a chat and says its id.
    pub async fn chat(&self, name: &str) -> String {
        let chat = self.post("/chats/create-chat", &json!({"name": name})).await.expect(201).json();
        text(&chat["chat_id"]).to_owned()
    }

    /// Appends a message to where `chat_id` leads, and answers it.
    pub async fn say(&self, chat_id: &str, question: &str) -> Value {
        let body = json!({"chat_id": chat_id, "question": question, "response": format!("{question}!")});
        self.post("/messages/add-message", &body).await.expect(201).json()
    }

    /// Forks from a response and says the branch's id.
    pub async fn fork(&self, chat_id: &str, response_id: &Value) -> String {
        let body = json!({"original_chat_id": chat_id, "branch_from_response_id": response_id});
        let branch = self.post("/branches/create-branch", &body).await.expect(201).json();
        text(&branch["branch_id"]).to_owned()
    }

    /// The whole line that `query` (parameters of get-messages) leads to, from the first message on.
    pub async fn line(&self, query: &str) -> Vec<Value> {
        self.pages(&format!("/api/v1/messages/get-messages?order=asc&limit=200&{query}")).await
    }

    /// A whole list, page by page.
    pub async fn pages(&self, first: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = Some(first.to_owned());
        while let Some(path) = next {
            let page = self.client.get(&path).await.expect(200);
            items.extend(page.json().as_array().unwrap().clone());
            next = page.next();
        }
        items
    }

    /// Waits until `path` answers `status`, for at most `timeout`.
    pub async fn wait_for(&self, path: &str, status: u16, timeout: Duration) {
        let reached = async {
            while self.get(path).await.status.as_u16() != status {
                tokio::task::yield_now().await;
            }
        };
        let reached = tokio::time::timeout(timeout, reached).await;
        assert!(reached.is_ok(), "{path} did not answer {status} in time");
    }
}

/// A JSON text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// One field of each object.
pub fn column(objects: &[Value], field: &str) -> Vec<Value> {
    objects.iter().map(|object| object[field].clone()).collect()
}
