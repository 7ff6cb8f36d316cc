//! What the product writes to its log: one line a request from each service that has a part in it, and no secret.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where something is amiss")]

use reqwest::{Method, Url};
use serde_json::{Value, json};
use shared_test_kit::{TestClient, TestDatabase};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "staple of another kind";
const QUESTION: &str = "What nobody else may read";
const QUERY: &str = "a-value-of-a-query";
const IN_A_PATH: &str = "typed-by-mistake";
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

/// The product as a process, which tells all that it can. Killed when this is dropped.
struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    url: Url,
    client: TestClient,
    _data: (TempDir, TestDatabase, Option<TestDatabase>),
}

impl Process {
    async fn start() -> Self {
        let (folder, database, content) =
            (tempfile::tempdir().unwrap(), TestDatabase::create().await, TestDatabase::mongo());
        let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.path().join("data")).env_clear();
        // Everything, of libraries too.
        let levels = "trace";
        command.env("AUTH_BCRYPT_COST", "4").env("LOG_FORMAT", "json").env("RUST_LOG", levels);
        if let TestDatabase::Postgres { url, .. } = &database {
            command.env("DATABASE_URL", url.as_str());
        }
        if let Some(TestDatabase::Mongo { url }) = &content {
            command.env("MONGO_URL", url.as_str());
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let url = loop {
            let mut line = String::new();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "it does not say where it listens");
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["message"] == "Banyan is ready" {
                break event["url"].as_str().unwrap().parse::<Url>().unwrap();
            }
        };
        Self {
            child,
            stdout,
            url: url.clone(),
            client: TestClient::new(url),
            _data: (folder, database, content),
        }
    }

    /// Ends it, and reads what it has written since it listens. Each line is written before its answer is.
    fn lines(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a user does in a session, some of it wrong, and the tokens of it.
async fn live(client: &TestClient) -> Vec<String> {
    let post = async |client: &TestClient, path: &str, body: Value| client.post(path, &body).await;
    let credentials = json!({"username": "ann", "password": PASSWORD});
    post(client, "/api/v1/auth/register", credentials.clone()).await.expect(201);
    post(client, "/api/v1/auth/register", json!({"username": 7, "password": PASSWORD})).await.expect(422);
    post(client, "/api/v1/auth/login", json!({"username": "ann", "password": NEW_PASSWORD}))
        .await
        .expect(401);
    let tokens = post(client, "/api/v1/auth/login", credentials).await.expect(200).json();
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| tokens[name].as_str().unwrap());
    let form = client.with_header("content-type", "application/x-www-form-urlencoded");
    for (password, status) in [(PASSWORD, 200), (NEW_PASSWORD, 400)] {
        let grant = format!("grant_type=password&username=ann&password={password}&client_secret={password}");
        form.send(Method::POST, "/api/v1/auth/token", Some(grant)).await.expect(status);
    }
    let ann = client.with_token(access);
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    ann.put("/api/v1/auth/change-password", &change).await.expect(200);
    post(client, "/api/v1/auth/refresh", json!({"refresh_token": refresh})).await.expect(401);
    let chat = post(&ann, "/api/v1/chats/create-chat", json!({"name": QUESTION})).await.expect(201).json();
    let message = json!({"chat_id": chat["chat_id"], "question": QUESTION, "response": QUESTION});
    post(&ann, "/api/v1/messages/add-message", message).await.expect(201);
    post(&ann, "/api/v1/messages/add-message", json!({"chat_id": QUESTION})).await.expect(422);
    ann.get(&format!("/api/v1/chats/get-chat?cursor={QUERY}")).await.expect(422);
    ann.get(&format!("/api/v1/chats/get-chat/{IN_A_PATH}")).await.expect(422);
    ann.get(&format!("/{IN_A_PATH}?token={access}")).await.expect(404);
    client.with_token(&format!("{access}x")).get("/api/v1/auth/me").await.expect(401);
    vec![access.to_owned(), refresh.to_owned()]
}

#[tokio::test]
async fn no_password_token_body_or_query_is_logged() {
    let process = Process::start().await;
    let mut secrets = live(&process.client).await;
    secrets.extend([PASSWORD, NEW_PASSWORD, QUESTION, QUERY, IN_A_PATH].map(str::to_owned));
    let lines = process.lines();
    assert!(lines.iter().filter(|line| line.contains("request finished")).count() >= 25, "{lines:#?}");
    for secret in secrets {
        let told: Vec<_> = lines.iter().filter(|line| line.contains(&secret)).collect();
        assert!(told.is_empty(), "{secret}: {told:#?}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_request_are_not_logged() {
    let process = Process::start().await;
    let address = process.url.socket_addrs(|| None).unwrap()[0];
    let long = "x".repeat(200_000);
    for sent in [
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}",
        "nonsense\r\n\r\n",
        &format!("GET /livez HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"),
        "GET /livez HTTP/1.1\r\nHost",
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
        "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        // The server may have closed before all of it is written.
        drop(stream.write_all(sent.as_bytes()));
        drop(stream.shutdown(Shutdown::Write));
        drop(stream.read_to_end(&mut Vec::new()));
    }
    process.client.get("/livez").await.expect(200);
    let lines = process.lines();
    let told =
        lines.iter().filter(|line| line.contains("\"level\":\"ERROR\"") || line.contains("actix_http"));
    assert_eq!(told.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test]
async fn a_refused_origin_is_logged_with_the_variable_that_would_allow_it() {
    let process = Process::start().await;
    let asking = process.client.with_header("access-control-request-method", "POST");
    for origin in ["https://app.example", "https://app.example", "http://localhost:5173"] {
        let asking = asking.with_header("origin", origin);
        asking.send(Method::OPTIONS, "/api/v1/auth/login", None).await.expect(204);
    }
    let lines = process.lines();
    let told: Vec<_> = lines.iter().filter(|line| line.contains("CORS_ALLOWED_ORIGINS")).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    let line: Value = serde_json::from_str(told[0]).unwrap();
    assert_eq!((&line["level"], &line["origin"]), (&json!("WARN"), &json!("https://app.example")));
}

/// The lines of requests with this id, of one service.
fn finished(lines: &[String], service: &str, id: &str) -> Vec<Value> {
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_request = |line: &Value| {
        let span = &line["span"];
        line["message"] == "request finished" && span["service"] == service && span["request_id"] == id
    };
    lines.filter(of_request).collect()
}

#[tokio::test]
async fn each_service_logs_its_part_of_a_request_in_one_line() {
    let process = Process::start().await;
    let credentials = json!({"username": "ann", "password": PASSWORD});
    let user = process.client.post("/api/v1/auth/register", &credentials).await.expect(201).json();
    let tokens = process.client.post("/api/v1/auth/login", &credentials).await.expect(200).json();
    let ann = process.client.with_token(tokens["access_token"].as_str().unwrap());
    let chat = ann.post("/api/v1/chats/create-chat", &json!({"name": "Trees"})).await.expect(201).json();
    let message = json!({"chat_id": chat["chat_id"], "question": "?", "response": "!"});
    let asking = ann.with_header("x-request-id", "mine-1");
    let asking = asking.with_header("traceparent", &format!("00-{TRACE_ID}-b7ad6b7169203331-01"));
    asking.post("/api/v1/messages/add-message", &message).await.expect(201);
    let lines = process.lines();
    let one = |service: &str| {
        let mut found = finished(&lines, service, "mine-1");
        assert_eq!(found.len(), 1, "{service}: {found:#?}");
        found.remove(0)
    };
    let (gateway, branch, chat) = (one("gateway"), one("branch"), one("chat"));
    for (line, method, route, status) in [
        (&gateway, "POST", "/api/v1/messages", 201),
        (&branch, "POST", "/api/v1/messages/add-message", 201),
        (&chat, "GET", "/internal/chats/{chat_id}", 200),
    ] {
        assert_eq!((&line["span"]["method"], &line["span"]["trace_id"]), (&json!(method), &json!(TRACE_ID)));
        assert_eq!((&line["route"], &line["status"]), (&json!(route), &json!(status)), "{line}");
        assert!(line["duration_ms"].as_f64().unwrap() > 0.0, "{line}");
    }
    assert_eq!((&gateway["user_id"], &branch["user_id"]), (&user["user_id"], &user["user_id"]));
    assert!(gateway["upstream"].as_str().unwrap().starts_with("127.0.0.1:"), "{gateway}");
    assert_eq!(branch["upstream"], Value::Null);
}

#[tokio::test]
async fn every_log_line_of_a_request_has_its_request_id_and_trace_id() {
    let process = Process::start().await;
    live(&process.client).await;
    let lines = process.lines();
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_requests: Vec<_> = lines.filter(|line| line["span"].is_object()).collect();
    assert!(of_requests.len() > 25, "{of_requests:#?}");
    for line in of_requests {
        let [request_id, trace_id] = ["request_id", "trace_id"].map(|name| line["span"][name].as_str());
        assert!(request_id.is_some() && trace_id.is_some_and(|id| id.len() == 32), "{line}");
    }
}

#[tokio::test]
async fn durations_have_at_most_three_decimals() {
    let process = Process::start().await;

    live(&process.client).await;

    let lines = process.lines();
    let durations = lines.iter().flat_map(|line| line.split("_ms\":").skip(1));
    let durations: Vec<&str> = durations.filter_map(|rest| rest.split([',', '}']).next()).collect();
    assert!(durations.len() > 40, "{durations:?}");
    let decimals = |text: &&str| text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let long: Vec<_> = durations.iter().filter(|text| decimals(text) > 3 || text.contains('e')).collect();
    assert!(long.is_empty(), "{long:?}");
}
