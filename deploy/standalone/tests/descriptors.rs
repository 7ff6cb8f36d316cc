//! With few file descriptors the product takes fewer connections; with too few it does not start.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use futures_util::future::join_all;
use reqwest::Url;
use serde_json::json;
use shared_test_kit::TestClient;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The product as a process with a limit on its descriptors. Killed when this is dropped.
struct Process {
    child: Child,
    data: TempDir,
}

impl Process {
    fn start(max_descriptors: usize) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n \"$1\" && exec \"$2\" --listen 127.0.0.1:0 --data-dir \"$3\"", "sh"]);
        command
            .arg(max_descriptors.to_string())
            .arg(env!("CARGO_BIN_EXE_banyan"))
            .arg(data.path().join("data"));
        command.env_clear().env("AUTH_BCRYPT_COST", "4").env("RUST_LOG", "info");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child, data }
    }

    /// Where it listens, once it does.
    fn url(&mut self) -> Url {
        let mut lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        let line = lines.find_map(|line| Some(line.unwrap().strip_prefix("Banyan listens on ")?.to_owned()));
        std::thread::spawn(move || lines.for_each(drop));
        line.unwrap().parse().unwrap()
    }

    /// What it has said of what is wrong, once it was killed.
    fn errors(mut self) -> String {
        self.child.kill().unwrap();
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
async fn all_clients_are_answered_even_if_they_exceed_the_descriptor_limit() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let mut process = Process::start(500 + 15 * cores);
    let url = process.url();
    let client = TestClient::new(url.clone());
    let credentials = json!({"username": "ann", "password": "correct horse"});
    client.post("/api/v1/auth/register", &credentials).await.expect(201);
    let tokens = client.post("/api/v1/auth/login", &credentials).await.expect(200).json();
    let token = tokens["access_token"].as_str().unwrap();
    // A client each, so that each has a connection of its own, and keeps it.
    let clients: Vec<_> = (0..300).map(|_| TestClient::new(url.clone()).with_token(token)).collect();
    for path in ["/api/v1/chats/get-chat", "/api/v1/messages/all-messages", "/api/v1/auth/me"] {
        for answer in join_all(clients.iter().map(|client| client.get(path))).await {
            answer.expect(200);
        }
    }
    drop(clients);
    client.get("/api/v1/auth/me").await.expect(401);
    assert_eq!(process.errors(), "");
}

#[test]
fn a_descriptor_limit_that_is_too_low_fails_the_start_with_one_line_that_names_the_minimum() {
    let mut process = Process::start(64);
    assert!(!process.child.wait().unwrap().success());
    let mut text = String::new();
    process.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    let line = "the limit of file descriptors (ulimit -n) is 64; expected at least ";
    assert!(text.contains(line) && text.lines().count() == 1, "{text}");
    assert!(!process.data.path().join("data/auth.sqlite3").exists());
}
