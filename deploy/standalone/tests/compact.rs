//! `banyan compact`.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

fn compact(data_dir: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
    command.args(["compact", "--data-dir"]).arg(data_dir).env_clear().output().unwrap()
}

#[test]
fn compact_rewrites_the_files_of_an_unused_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("branch.sqlite3");
    fs::write(&path, "").unwrap();
    let output = compact(folder.path());
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.starts_with(&format!("{}: ", path.display())), "{lines}");
    assert!(fs::read(&path).unwrap().starts_with(b"SQLite format 3"), "it is a database now");
    for name in ["branch.sqlite3-wal", "auth.sqlite3"] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
}

#[test]
fn compact_refuses_a_locked_or_missing_folder_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let lock = File::create(folder.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let nowhere = folder.path().join("nowhere");
    for (path, says) in [(folder.path(), "another process"), (&nowhere, "cannot be read")] {
        let output = compact(path);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
        assert!(error.contains(says), "{error}");
    }
    assert!(!nowhere.exists());
}
