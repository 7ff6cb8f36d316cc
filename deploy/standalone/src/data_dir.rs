//! The data folder: locked by the process that uses it, closed to other users of the machine.
//!
//! An existing folder is closed to them at start, with its files, if it was used before or is empty. Another one, such as
//! `/tmp`, is refused and left as it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::SecretString;
use shared::error::StartError;
use shared_store::is_missing;
use shared_store::private;
use shared_store::private::{FILE_MODE, FOLDER_MODE};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
const SECRET: &str = "secret-key";
/// The secret while it is being written.
const UNFINISHED_SECRET: &str = "secret-key.new";
/// The services that have a file in the folder, and its extension.
const SERVICES: [&str; 4] = ["auth", "chat", "branch", "answer"];
const SQLITE_EXTENSION: &str = "sqlite3";
/// Present at the root of a file system.
const LOST_AND_FOUND: &str = "lost+found";
/// Set on folders in which all users have files.
const STICKY_BIT: u32 = 0o1000;

/// The `DATABASE_URL` of a service with a file in the data folder.
pub fn database_url(folder: &Path, service: &str) -> SecretString {
    format!("sqlite:{}", folder.join(format!("{service}.{SQLITE_EXTENSION}")).display()).into()
}

/// The file of the secret, which is used unless `SECRET_KEY` is set.
pub fn secret_file(folder: &Path) -> PathBuf {
    folder.join(SECRET)
}

/// The data folder. No other process can open it until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the folder if it is missing, and locks it.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let failed =
            |error| StartError::Io(format!("{}: cannot be used as the data folder", path.display()), error);
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path).map_err(failed)?;
        close_to_others(path).map_err(failed)?;
        let lock = private_file().create(true).truncate(false).open(path.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {
                let folder = Self { path: path.to_owned(), _lock: lock };
                folder.close_files().map_err(failed)?;
                Ok(folder)
            }
            Err(TryLockError::WouldBlock) => Err(failed(io::Error::other("another process uses it"))),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// The files of the services.
    pub fn databases(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.path)?.map(|entry| Ok(entry?.path()));
        let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == SQLITE_EXTENSION));
        paths.sort();
        Ok(paths)
    }

    /// Closes the files that are not databases to other users; the stores close theirs.
    fn close_files(&self) -> io::Result<()> {
        for name in [LOCK, SECRET, UNFINISHED_SECRET] {
            let path = self.path.join(name);
            if is_missing(&path) {
                continue;
            }
            if name == SECRET && private::is_open_to_others(&path)? {
                tracing::warn!(path = %path.display(), "others could read the secret: delete it, if somebody may have");
            }
            private::restrict(&path, FILE_MODE)?;
        }
        Ok(())
    }

    /// The secret that signs tokens: generated once, kept with mode 0600.
    pub fn secret_key(&self) -> Result<SecretString, StartError> {
        let path = self.path.join(SECRET);
        let failed = |error| StartError::Io(format!("{}: cannot keep the secret", path.display()), error);
        match fs::read_to_string(&path) {
            Ok(secret) => return Ok(secret.trim_end().into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let mut bits = [0; 32];
        SystemRandom::new().fill(&mut bits).map_err(|_| failed(io::Error::other("no random bits")))?;
        let secret = URL_SAFE_NO_PAD.encode(bits);
        // Written to a temporary file and renamed, so that a crash leaves no partial secret.
        let unfinished = self.path.join(UNFINISHED_SECRET);
        let mut file = private_file().create(true).truncate(true).open(&unfinished).map_err(failed)?;
        file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&unfinished, &path).map_err(failed)?;
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(secret.into())
    }
}

/// Closes the folder to other users, unless it is theirs as well.
fn close_to_others(path: &Path) -> io::Result<()> {
    if !private::is_open_to_others(path)? {
        return Ok(());
    }
    let metadata = fs::metadata(path)?;
    if metadata.permissions().mode() & STICKY_BIT != 0 || !is_ours(path)? {
        let expected = "expected a folder of its own: a new or an empty one, or one of mode 0700";
        return Err(io::Error::other(format!("it is open to other users and holds other files; {expected}")));
    }
    private::restrict(path, FOLDER_MODE)
}

/// Whether a folder is empty or was used as a data folder before.
fn is_ours(path: &Path) -> io::Result<bool> {
    let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    let is_known = |name: &OsString| {
        let databases = SERVICES.map(|service| format!("{service}.{SQLITE_EXTENSION}"));
        name == LOCK || name == SECRET || databases.iter().any(|database| name == database.as_str())
    };
    Ok(names.iter().all(|name| name == LOST_AND_FOUND) || names.iter().any(is_known))
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(FILE_MODE);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn the_secret_is_generated_once_with_mode_0600() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let first = DataDir::open(&path).unwrap().secret_key().unwrap();
        let second = DataDir::open(&path).unwrap().secret_key().unwrap();
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert!(first.expose_secret().len() >= 32);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join(SECRET)), 0o600);
    }

    #[test]
    fn an_existing_data_folder_is_closed_to_other_users_with_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for name in [LOCK, SECRET] {
            fs::write(path.join(name), "kept").unwrap();
            fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o644)).unwrap();
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        let opened = DataDir::open(path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(path), 0o700);
        for name in [LOCK, SECRET] {
            assert_eq!(mode(&path.join(name)), 0o600, "{name}");
        }
        assert_eq!(opened.secret_key().unwrap().expose_secret(), "kept");
    }

    #[test]
    fn an_empty_folder_is_accepted_and_a_foreign_one_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for (mode, other, taken) in [
            (0o755, Some("thesis.tex"), false),
            (0o1777, None, false),
            (0o700, Some("thesis.tex"), true),
            (0o755, Some(LOST_AND_FOUND), true),
            (0o770, None, true),
        ] {
            let path = path.join(format!("{mode:o}{}", other.unwrap_or_default()));
            fs::create_dir(&path).unwrap();
            if let Some(other) = other {
                fs::write(path.join(other), "").unwrap();
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let opened = DataDir::open(&path);
            assert_eq!(opened.is_ok(), taken, "{mode:o} {other:?} {opened:?}");
            let after = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            assert_eq!(after, if taken { 0o700 } else { mode }, "{other:?}");
            if let Err(error) = opened {
                let line = error.to_string();
                assert!(line.contains("open to other users") && line.contains("expected"), "{line}");
            }
        }
    }

    #[test]
    fn a_folder_is_used_by_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataDir::open(folder.path()).unwrap();
        assert!(DataDir::open(folder.path()).unwrap_err().to_string().contains("another process"));
        drop(held);
        DataDir::open(folder.path()).unwrap();
    }
}
