//! Files and folders that only their owner can read.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// The mode of a file with data or secrets.
pub const FILE_MODE: u32 = 0o600;
/// The mode of a folder of such files.
pub const FOLDER_MODE: u32 = 0o700;
const GROUP_AND_OTHERS: u32 = 0o077;

/// Whether the group or others have a permission.
pub fn is_open_to_others(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & GROUP_AND_OTHERS != 0)
}

/// Removes the permissions of group and others.
pub fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    let failed = |why: &str| io::Error::other(format!("it is open to other users, and {why}"));
    if !is_open_to_others(path)? {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|error| failed(&format!("its mode cannot be changed: {error}")))?;
    if is_open_to_others(path)? {
        return Err(failed("its file system keeps no modes"));
    }
    Ok(())
}

/// Creates an empty file that only the owner can ever open. An existing file is restricted.
pub fn create(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(FILE_MODE).open(path)?;
    restrict(path, FILE_MODE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn group_and_others_lose_their_permissions_and_the_owner_keeps_them() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new"), folder.path().join("old"));
        create(&new).unwrap();
        assert_eq!(mode(&new), 0o600);
        for (before, after) in [(0o644, 0o600), (0o660, 0o600), (0o604, 0o600), (0o400, 0o400)] {
            fs::write(&old, "kept").unwrap();
            fs::set_permissions(&old, Permissions::from_mode(before)).unwrap();
            restrict(&old, FILE_MODE).unwrap();
            assert_eq!(mode(&old), after, "{before:o}");
            assert_eq!(fs::read_to_string(&old).unwrap(), "kept");
            fs::set_permissions(&old, Permissions::from_mode(0o600)).unwrap();
        }
        assert!(restrict(&folder.path().join("nothing"), FILE_MODE).is_err());
    }
}
