//! SIGTERM and Ctrl-C, whatever the process is doing.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Less than what is being done may take.
const AT_ONCE: Duration = Duration::from_secs(5);

/// The product as a process. Killed when this is dropped.
struct Process {
    child: Child,
    _folder: TempDir,
}

impl Process {
    fn start(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.path().join("data")).env_clear();
        command.env("AUTH_BCRYPT_COST", "4").env("RUST_LOG", "off").envs(variables.iter().copied());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child, _folder: folder }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// How it ends, and how long that takes.
    fn wait(&mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        (self.child.wait().unwrap(), begun.elapsed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_service_that_waits_for_its_database_stops_on_sigint_and_sigterm() {
    // It takes connections and never says a word, as a database that hangs.
    let database = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgresql://u@{}/banyan", database.local_addr().unwrap());
    for signal in [Signal::TERM, Signal::INT] {
        let mut process = Process::start(&[("DATABASE_URL", &url)]);
        let _connection = database.accept().unwrap();
        process.signal(signal);
        let (status, took) = process.wait();
        assert_eq!(status.code(), Some(0), "{signal:?}: {status}");
        assert!(took < AT_ONCE, "{signal:?}: {took:?}");
    }
}

#[test]
fn a_second_signal_during_the_drain_stops_at_once() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut process = Process::start(&[]);
        let mut line = String::new();
        BufReader::new(process.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.split_whitespace().find_map(|word| word.strip_prefix("http://")).unwrap().to_owned();
        // A request whose body does not come, and is waited for.
        let mut request = TcpStream::connect(&address).unwrap();
        let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                    Content-Length: 100\r\nExpect: 100-continue\r\n\r\n";
        request.write_all(head.as_bytes()).unwrap();
        let mut answered = String::new();
        BufReader::new(request.try_clone().unwrap()).read_line(&mut answered).unwrap();
        assert_eq!(answered, "HTTP/1.1 100 Continue\r\n");
        process.signal(signal);
        while TcpStream::connect(&address).is_ok() {}
        assert!(process.child.try_wait().unwrap().is_none(), "it does not wait for the request");
        process.signal(signal);
        let (status, took) = process.wait();
        assert_eq!(status.code(), Some(code), "{status}");
        assert!(took < AT_ONCE, "{took:?}");
    }
}
