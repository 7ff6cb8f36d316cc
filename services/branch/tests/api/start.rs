//! In which order the service starts.

use shared_test_kit::SECRET_KEY;
use std::net::TcpListener;
use std::process::Command;

#[test]
fn a_taken_port_is_reported_before_the_database_is_opened() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_branch"));
    command
        .env_clear()
        .env("LISTEN_ADDR", &address)
        .env("SECRET_KEY", SECRET_KEY)
        .env("CHAT_URL", "http://127.0.0.1:9");
    // Whoever looks at it ends with another line.
    let output = command.env("DATABASE_URL", "postgresql://u@db/name?sslmode=perhaps").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.starts_with(&format!("Error: LISTEN_ADDR: cannot listen on {address}: ")), "{line}");
}
