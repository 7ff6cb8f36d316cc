//! The folder of the data: locked by the process that uses it, closed to other users of the machine.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::SecretString;
use shared::server::StartError;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
const SECRET: &str = "secret-key";

/// The folder of the data. Nobody else can open it until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if need be, and locks it.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let failed =
            |error| StartError::Io(format!("{}: cannot be used as the data folder", path.display()), error);
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock = private_file().create(true).truncate(false).open(path.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(failed(io::Error::other("another process uses it"))),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// The `DATABASE_URL` of a service whose data is a file in here.
    pub fn database_url(&self, service: &str) -> SecretString {
        format!("sqlite:{}", self.path.join(format!("{service}.sqlite3")).display()).into()
    }

    /// The secret that signs tokens: made once, kept with mode 0600.
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
        // Written whole before it has its name, so that a crash leaves no half of a secret.
        let unfinished = self.path.join(format!("{SECRET}.new"));
        let mut file = private_file().create(true).truncate(true).open(&unfinished).map_err(failed)?;
        file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&unfinished, &path).map_err(failed)?;
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(secret.into())
    }
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_secret_is_made_once_and_closed_to_others() {
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
    fn a_folder_is_used_by_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataDir::open(folder.path()).unwrap();
        assert!(DataDir::open(folder.path()).unwrap_err().to_string().contains("another process"));
        drop(held);
        DataDir::open(folder.path()).unwrap();
    }
}
