//! The service as a process of its own.

use reqwest::Url;
use serde_json::Value;
use shared_test_kit::{SECRET_KEY, TestClient};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A process that can be killed, once and for all.
#[derive(Clone)]
pub struct Victim(Arc<Mutex<Child>>);

impl Victim {
    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(&self) {
        let mut child = self.0.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// The service as it is deployed. Killed when this is dropped.
pub struct Process {
    pub victim: Victim,
    pub client: TestClient,
}

impl Process {
    /// Starts it on a free port, and returns when it listens.
    pub fn start(mongo: &str, chat: &str, undo_window: Duration) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_branch"));
        command.env_clear().env("LISTEN_ADDR", "127.0.0.1:0").env("SECRET_KEY", SECRET_KEY);
        command.env("MONGO_URL", mongo).env("CHAT_URL", chat);
        command.env("UNDO_WINDOW", undo_window.as_secs().to_string());
        // Where it listens is told by its log alone.
        command
            .env("RUST_LOG", "off,shared::server=info,shared::server::exchange=off")
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        log.read_line(&mut line).unwrap();
        // What follows is read and dropped, lest the process wait for somebody to read it. It ends with the process.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let victim = Victim(Arc::new(Mutex::new(child)));
        let told: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("it has not started: {line}"));
        let url: Url = format!("http://{}", told["address"].as_str().unwrap()).parse().unwrap();
        Self { victim, client: TestClient::new(url) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.victim.kill();
    }
}
