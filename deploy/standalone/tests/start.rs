//! The output of a start: errors before anything is created, and the welcome at its end.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where something is amiss")]

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use shared_test_kit::reserve_port;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt as _;
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
        ("MODELS_FILE", "/no/such/file"),
        ("ANSWERS_AT_ONCE", "0"),
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
        "MODELS_FILE",
        "ANSWERS_AT_ONCE",
    ];
    assert_eq!(reported, expected, "{lines:#?}");
    let is_advised = |line: &String| line.contains("expected") || line.contains("MODELS_FILE: cannot read");
    assert!(lines.iter().all(is_advised), "{lines:#?}");
}

#[test]
fn a_port_without_an_address_is_bound_on_loopback() {
    let reserved = reserve_port();
    let port = reserved.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let mut child = banyan(folder.path(), &[("BANYAN_LISTEN_ADDR", &port)]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    child.wait().unwrap();
    assert_eq!(line, format!("Banyan listens on http://127.0.0.1:{port}\n"), "{errors}");
}

/// The lines of a start on this folder, and of the stop that follows once it has told where `/docs` is.
fn lines_of_a_start(folder: &Path, variables: &[(&str, &str)]) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.join("data"));
    command.env_clear().env("AUTH_BCRYPT_COST", "4").envs(variables.iter().copied());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);

    let mut lines = Vec::new();
    while lines.last().is_none_or(|line: &String| !line.contains("/docs")) {
        lines.push(output.next().expect("the start tells where /docs is"));
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    lines.extend(output);
    assert!(child.wait().unwrap().success(), "{lines:#?}");
    lines
}

#[test]
fn a_start_ends_with_the_address_the_page_the_documentation_and_the_data_on_lines_of_their_own() {
    let folder = tempfile::tempdir().unwrap();

    let lines = lines_of_a_start(folder.path(), &[]);

    let welcome = lines.iter().position(|line| line.starts_with("Banyan listens on ")).unwrap();
    let url = lines[welcome].strip_prefix("Banyan listens on ").unwrap();
    assert!(url.starts_with("http://127.0.0.1:") && !url.contains(' '), "{lines:#?}");
    assert_eq!(lines[welcome + 1], format!("Page:             {url}/ui/"));
    assert_eq!(lines[welcome + 2], format!("Documentation:    {url}/docs"));
    assert_eq!(lines[welcome + 3], format!("Data:             {}", folder.path().join("data").display()));
    assert!(lines[welcome + 4].contains("draining"), "{lines:#?}");
}

#[test]
fn a_start_without_the_page_names_none() {
    let folder = tempfile::tempdir().unwrap();

    let lines = lines_of_a_start(folder.path(), &[("UI", "off")]);

    assert!(!lines.iter().any(|line| line.contains("/ui/")), "{lines:#?}");
}

#[test]
fn migrations_are_one_line_a_service_and_none_where_nothing_is_migrated() {
    let folder = tempfile::tempdir().unwrap();

    let [first, second] = [(), ()].map(|()| lines_of_a_start(folder.path(), &[]));

    let migrated = |lines: &[String]| -> Vec<String> {
        lines.iter().filter(|line| line.contains("migrat")).cloned().collect()
    };
    let told = migrated(&first);
    assert_eq!(told.len(), 4, "{told:#?}");
    for service in ["auth", "chat", "branch", "answer"] {
        let service = format!("service=\"{service}\" migrations=");
        assert!(told.iter().any(|line| line.contains(&service) && line.contains("up_to=")), "{told:#?}");
    }
    assert_eq!(migrated(&second), Vec::<String>::new());
}

#[test]
fn the_ports_of_the_services_are_told_at_debug_alone() {
    let folder = tempfile::tempdir().unwrap();

    let [told, told_at_debug] = ["info", "debug"].map(|level| {
        let lines = lines_of_a_start(folder.path(), &[("RUST_LOG", level)]);
        let addresses = lines.into_iter().filter(|line| line.contains("address=127.0.0.1:"));
        addresses.collect::<Vec<_>>()
    });

    assert!(told.len() == 1 && told.iter().all(|line| line.contains("service=gateway")), "{told:#?}");
    for service in ["gateway", "auth", "chat", "branch", "answer"] {
        let listening = format!("listening service={service} ");
        assert!(told_at_debug.iter().any(|line| line.contains(&listening)), "{told_at_debug:#?}");
    }
}

#[test]
fn with_json_logs_every_line_is_json_and_the_welcome_is_an_event() {
    let folder = tempfile::tempdir().unwrap();

    let lines = lines_of_a_start(folder.path(), &[("LOG_FORMAT", "json")]);

    let parse = |line: &String| serde_json::from_str(line).unwrap_or_else(|_| Value::from(line.as_str()));
    let events: Vec<Value> = lines.iter().map(parse).collect();
    let not_json: Vec<_> = events.iter().filter(|event| !event.is_object()).collect();
    assert!(not_json.is_empty(), "{not_json:#?}");
    let welcome = events.iter().find(|event| event["message"] == "Banyan is ready").unwrap();
    let url = welcome["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{welcome}");
    assert_eq!(welcome["page"], format!("{url}/ui/"));
    assert_eq!(welcome["docs"], format!("{url}/docs"));
    assert_eq!(welcome["data"], folder.path().join("data").display().to_string());
}

/// The output of a start on a terminal, up to the line of `/docs`.
fn on_a_terminal(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let screen = OpenOptions::new().write(true).open(OsStr::from_bytes(name.to_bytes())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.path().join("data"));
    command.env_clear().env("AUTH_BCRYPT_COST", "4").envs(variables.iter().copied());
    let mut child = command.stdout(Stdio::from(screen)).spawn().unwrap();

    let mut written = String::new();
    let mut output = BufReader::new(File::from(terminal));
    while !written.contains("/docs") {
        output.read_line(&mut written).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    written
}

#[test]
fn logs_on_a_terminal_have_colours_unless_no_color_is_set_and_not_empty() {
    for (variables, has_colours) in [
        (&[][..], true),
        (&[("NO_COLOR", "")][..], true),
        (&[("NO_COLOR", "1")][..], false),
        (&[("NO_COLOR", "0")][..], false),
    ] {
        let written = on_a_terminal(variables);

        assert!(written.contains("listening"), "{written}");
        assert_eq!(written.contains('\u{1b}'), has_colours, "{variables:?}: {written}");
    }
}
