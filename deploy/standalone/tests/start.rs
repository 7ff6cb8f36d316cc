//! What is told before anything is made.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn banyan(folder: &Path, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
    command.arg("--data-dir").arg(folder.join("data")).env_clear().env("AUTH_BCRYPT_COST", "4");
    command.env("RUST_LOG", "off").envs(variables.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The lines with which it does not start, and that nothing was made.
fn refused(variables: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let output = banyan(folder.path(), variables).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{output:?}");
    String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_taken_port_is_reported_before_a_folder_is_created() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let lines = refused(&[("BANYAN_LISTEN_ADDR", &address)]);
    let beginning = format!("Error: --listen or BANYAN_LISTEN_ADDR: cannot listen on {address}: ");
    assert!(lines.len() == 1 && lines.iter().all(|line| line.starts_with(&beginning)), "{lines:?}");
}

#[test]
fn all_configuration_errors_are_reported_at_once_before_a_folder_is_created() {
    let lines = refused(&[
        ("BANYAN_LISTEN_ADDR", "here"),
        ("ACCESS_TOKEN_TTL", "0"),
        ("REFRESH_TOKEN_TTL", "0"),
        ("HEAD_TIMEOUT", "0"),
        ("SECRET_KEY", "short"),
        ("REGISTRATION", "never"),
        ("DATABASE_URL", "sqlite:one"),
    ]);
    let reported: Vec<_> =
        lines.iter().map(|line| line.trim_start_matches("Error: ").split(':').next().unwrap()).collect();
    let expected = [
        "--listen or BANYAN_LISTEN_ADDR",
        "SECRET_KEY",
        "HEAD_TIMEOUT",
        "DATABASE_URL",
        "ACCESS_TOKEN_TTL",
        "REFRESH_TOKEN_TTL",
        "REGISTRATION",
    ];
    assert_eq!(reported, expected, "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains("expected")), "{lines:#?}");
}

#[test]
fn a_port_without_an_address_is_bound_on_loopback() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let mut child = banyan(folder.path(), &[("BANYAN_LISTEN_ADDR", &port)]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    child.wait().unwrap();
    let beginning = format!("Banyan listens on http://127.0.0.1:{port}, ");
    assert!(line.starts_with(&beginning), "{line} {errors}");
}
