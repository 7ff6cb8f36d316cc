//! A replica as a process of its own, which a test kills or stops.

use crate::app::{TestApp, User};
use reqwest::Url;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use shared_test_kit::SECRET_KEY;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// The service as it is deployed, beside the one of the app on the same database. Killed when this is dropped.
pub struct Process {
    child: Child,
    url: Url,
}

impl Process {
    /// Starts it on a free port, and returns when it listens.
    pub async fn start(app: &TestApp) -> Self {
        Self::start_with(app, &[]).await
    }

    /// The same with further variables.
    pub async fn start_with(app: &TestApp, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_answer"));
        command.env_clear().env("LISTEN_ADDR", "127.0.0.1:0").env("SECRET_KEY", SECRET_KEY);
        command.env("DATABASE_URL", app.config.database.expose_secret());
        for (name, url) in [("BRANCH_URL", &app.config.branch), ("CHAT_URL", &app.config.chat)] {
            command.env(name, url.as_str().trim_end_matches('/'));
        }
        command.env("ANSWERS_AT_ONCE", "100").env("ANSWERS_PER_MINUTE", "1000");
        command.envs(variables.iter().copied());
        if let Some(file) = &app.models_file {
            command.env("MODELS_FILE", file.path());
        }
        // Where it listens is told by its log alone.
        command.env("RUST_LOG", "off,shared::server=info,shared::server::exchange=off");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let log = child.stdout.take().unwrap();
        // It may wait for a lock of the app, which is on the test's own thread.
        let line = tokio::task::spawn_blocking(move || first_line(log)).await.unwrap();
        let told: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("it has not started: {line}"));
        Self { child, url: format!("http://{}", told["address"].as_str().unwrap()).parse().unwrap() }
    }

    /// The owner of all chats, at this replica.
    pub fn user(&self, app: &TestApp) -> User {
        app.user_of(self.url.clone())
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGSTOP: it stands still where it is, with all of its threads.
    pub fn pause(&self) {
        let process = Pid::from_child(&self.child);
        kill_process(process, Signal::STOP).unwrap();
        let (_, status) = waitpid(Some(process), WaitOptions::UNTRACED).unwrap().unwrap();
        assert!(status.stopped(), "{status:?}");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }
}

fn first_line(log: ChildStdout) -> String {
    let (mut log, mut line) = (BufReader::new(log), String::new());
    log.read_line(&mut line).unwrap();
    // What follows is read and dropped, lest the process wait for somebody to read it. It ends with the process.
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    line
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
