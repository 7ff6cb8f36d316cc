//! The start of a program.

use crate::SECRET_KEY;
use std::net::TcpListener;
use std::process::Command;

/// Starts the program of a service on a port that is in use, and checks that it ends with a line about that, before it opens its
/// database. `peers` are the variables of the services that it calls.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn check_taken_port_comes_first(program: &str, peers: &[&str]) {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut command = Command::new(program);
    command.env_clear().env("LISTEN_ADDR", &address).env("SECRET_KEY", SECRET_KEY);
    command.envs(peers.iter().map(|&peer| (peer, "http://127.0.0.1:9")));
    // Opening this database fails with another line.
    command.env("DATABASE_URL", "postgresql://u@db/name?sslmode=perhaps");

    let output = command.output().expect("the program runs");

    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line = String::from_utf8_lossy(&output.stderr);
    assert!(line.starts_with(&format!("Error: LISTEN_ADDR: cannot listen on {address}: ")), "{line}");
}
