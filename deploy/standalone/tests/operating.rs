//! `banyan user` and `banyan check`, before Banyan was ever started, and while it runs.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use reqwest::Url;
use serde_json::{Value, json};
use shared_test_kit::TestClient;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";

/// A data folder, and the product on it once it was started. Killed when this is dropped.
struct Banyan {
    folder: TempDir,
    running: Option<Child>,
}

impl Banyan {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), running: None }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
        command.arg("--data-dir").arg(self.data()).env_clear().env("AUTH_BCRYPT_COST", "4");
        command.env("RUST_LOG", "off").env("REGISTRATION", "closed");
        command
    }

    fn run(&self, arguments: &[&str], line: &str) -> Output {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have ended without reading.
        drop(child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes()));
        child.wait_with_output().unwrap()
    }

    fn succeed(&self, arguments: &[&str], line: &str) -> String {
        let output = self.run(arguments, line);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn start(&mut self) -> TestClient {
        let mut child = self.command().args(["--listen", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        self.running = Some(child);
        let line = lines.next().unwrap().unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let url = line.strip_prefix("Banyan listens on ").unwrap();
        TestClient::new(url.parse::<Url>().unwrap())
    }

    /// Name, size, mode and time of all files.
    fn files(&self) -> BTreeMap<PathBuf, (u64, u32, SystemTime)> {
        files(self.folder.path())
    }
}

impl Drop for Banyan {
    fn drop(&mut self) {
        if let Some(child) = &mut self.running {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn files(folder: &Path) -> BTreeMap<PathBuf, (u64, u32, SystemTime)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.metadata().unwrap();
        if metadata.is_dir() {
            all.append(&mut files(&path));
        }
        all.insert(path, (metadata.len(), metadata.permissions().mode(), metadata.modified().unwrap()));
    }
    all
}

async fn login(client: &TestClient, name: &str, password: &str, status: u16) -> Value {
    let credentials = json!({"username": name, "password": password});
    client.post("/api/v1/auth/login", &credentials).await.expect(status).json()
}

#[tokio::test]
async fn user_commands_work_before_the_first_start_and_while_it_runs() {
    let mut banyan = Banyan::new();
    let output = banyan.run(&["user", "list"], "");
    assert!(output.status.code() == Some(1) && !banyan.data().exists(), "{output:?}");
    banyan.succeed(&["user", "create", "ann"], PASSWORD);
    let client = banyan.start();
    let credentials = json!({"username": "bob", "password": PASSWORD});
    let answer = client.post("/api/v1/auth/register", &credentials).await.expect(403);
    assert_eq!(answer.code(), "registration_closed");
    banyan.succeed(&["user", "create", "bob"], PASSWORD);
    let bob = login(&client, "bob", PASSWORD, 200).await;
    banyan.succeed(&["user", "reset-password", "bob"], "battery staple");
    login(&client, "bob", PASSWORD, 401).await;
    let refresh = json!({"refresh_token": bob["refresh_token"]});
    client.post("/api/v1/auth/refresh", &refresh).await.expect(401);
    login(&client, "bob", "battery staple", 200).await;

    let ann = login(&client, "ann", PASSWORD, 200).await;
    let ann = client.with_token(ann["access_token"].as_str().unwrap());
    let chat = ann.post("/api/v1/chats/create-chat", &json!({"name": "Trees"})).await.expect(201).json();
    banyan.succeed(&["user", "delete", "ann", "--yes"], "");
    ann.get("/api/v1/auth/me").await.expect(401);
    let path = format!("/api/v1/chats/get-chat/{}", chat["chat_id"].as_str().unwrap());
    let gone = async {
        while ann.get(&path).await.status.as_u16() == 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("the chats of the account go");
    let lines = banyan.succeed(&["user", "list", "--json"], "");
    let names: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(names.len() == 1 && names[0]["username"] == "bob", "{lines}");
}

#[tokio::test]
async fn a_check_passes_before_during_and_after_a_run_and_changes_nothing() {
    let mut banyan = Banyan::new();
    let lines = banyan.succeed(&["check"], "");
    assert!(lines.contains("made by the first start") && banyan.files().is_empty(), "{lines}");
    let client = banyan.start();
    banyan.succeed(&["user", "create", "ann"], PASSWORD);
    login(&client, "ann", PASSWORD, 200).await;
    for is_running in [true, false] {
        if !is_running {
            drop(banyan.running.take().map(|mut child| (child.kill(), child.wait())));
        }
        let before = banyan.files();
        let lines = banyan.succeed(&["check"], "");
        for service in ["auth", "chat", "branch", "answer"] {
            assert!(lines.contains(&format!("database of {service}: all ")), "{lines}");
        }
        assert!(!lines.contains("ERROR"), "{lines}");
        let after = banyan.files();
        let changed: Vec<_> = after.iter().filter(|&(path, file)| before.get(path) != Some(file)).collect();
        // Whoever reads beside others tells them of it, in the index of the log.
        let changed: Vec<_> =
            changed.into_iter().filter(|(path, _)| !path.to_string_lossy().ends_with("-shm")).collect();
        assert!(changed.is_empty() || is_running, "{changed:?}");
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "{is_running}");
    }
}

#[test]
fn a_check_reports_each_error_with_advice() {
    let banyan = Banyan::new();
    fs::create_dir(banyan.data()).unwrap();
    fs::set_permissions(banyan.data(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(banyan.data().join("secret-key"), "short").unwrap();
    fs::write(
        banyan.data().join("auth.sqlite3"),
        "this is no database, but a text of some length ".repeat(100),
    )
    .unwrap();
    let before = banyan.files();
    let output = banyan.command().arg("check").env("ACCESS_TOKEN_TTL", "0").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    for says in [
        "ERROR configuration: ACCESS_TOKEN_TTL: is 0; expected",
        "WARN  data folder: ",
        "`chmod 700 ",
        "ERROR secret key: ",
        "ERROR database of auth: ",
        "ok    database of chat: ",
    ] {
        assert!(lines.contains(says), "{says} in {lines}");
    }
    assert_eq!(banyan.files(), before);
}
