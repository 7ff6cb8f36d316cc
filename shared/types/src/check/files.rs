//! Checks of data files: owner, permissions and free space.

use crate::check::report::Report;
use rustix::fs::{Access, access, statvfs};
use rustix::process::geteuid;
use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

const MIB: u64 = 1 << 20;
/// Below it, a write of the largest size may fail: an error.
const MIN_FREE_BYTES: u64 = 64 * MIB;
/// Below it: a warning.
const LOW_FREE_BYTES: u64 = 1024 * MIB;
/// A larger write-ahead log is held by a reader that does not end, as it is truncated once a minute.
const LARGE_LOG_BYTES: u64 = 256 * MIB;
const GROUP_AND_OTHERS: u32 = 0o077;

/// Checks that this user can use a file or folder, and that nobody else can.
pub fn check_file(report: &mut Report, subject: &str, path: &Path) {
    let shown = path.display();
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) => {
            return report.error(
                subject,
                format!("{shown} cannot be read: {error}"),
                "see who may enter its folder",
            );
        }
    };
    let user = geteuid().as_raw();
    if metadata.uid() != user && user != 0 {
        let owner = metadata.uid();
        let advice = format!("run this as user {owner}, or `chown -R {user}` what belongs to it");
        return report.error(subject, format!("{shown} belongs to user {owner}, and this is {user}"), advice);
    }
    if let Err(error) = access(path, needed(&metadata)) {
        return report.error(
            subject,
            format!("{shown} cannot be written: {error}"),
            "see its mode and its file system",
        );
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & GROUP_AND_OTHERS == 0 {
        return report.ok(subject, format!("{shown} has mode {mode:o}"));
    }
    let closed = mode & !GROUP_AND_OTHERS;
    let advice = format!("`chmod {closed:o} {shown}`; so does the next start");
    report.warning(subject, format!("{shown} has mode {mode:o}: other users can open it"), advice);
}

fn needed(metadata: &Metadata) -> Access {
    let write = Access::READ_OK | Access::WRITE_OK;
    if metadata.is_dir() { write | Access::EXEC_OK } else { write }
}

/// Checks the free space beside a SQLite file, and the size of its write-ahead log.
pub fn check_space(report: &mut Report, subject: &str, path: &Path) {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match statvfs(folder) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let detail = format!("{} MiB are free where {} is", free / MIB, folder.display());
            if free < MIN_FREE_BYTES {
                report.error(subject, detail, "make room: writes fail, or are about to");
            } else if free < LOW_FREE_BYTES {
                report.warning(subject, detail, "make room");
            } else {
                report.ok(subject, detail);
            }
        }
        Err(error) => {
            report.error(subject, format!("{}: {error}", folder.display()), "see whether it is there");
        }
    }
    let mut log = OsString::from(path);
    log.push("-wal");
    let bytes = Path::new(&log).metadata().map_or(0, |metadata| metadata.len());
    if bytes > LARGE_LOG_BYTES {
        let detail = format!("the write-ahead log {} has {} MiB", Path::new(&log).display(), bytes / MIB);
        report.warning(subject, detail, "end who else has the file open; it is cut within a minute then");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::report::Status;
    use std::fs::{self, File, Permissions};

    fn found(check: impl FnOnce(&mut Report)) -> (Status, String) {
        let mut report = Report::default();
        check(&mut report);
        let finding = report.findings().last().unwrap().clone();
        (finding.status, format!("{}; {}", finding.detail, finding.advice.unwrap_or_default()))
    }

    #[test]
    fn a_file_that_others_can_open_is_a_warning_with_advice() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for (mode, status, says) in [
            (0o600, Status::Ok, "has mode 600"),
            (0o640, Status::Warning, "`chmod 600"),
            (0o604, Status::Warning, "other users can open it"),
        ] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let (found, line) = found(|report| check_file(report, "file", &file));
            assert!(found == status && line.contains(says), "{line}");
        }
        let nowhere = folder.path().join("nowhere");
        assert_eq!(found(|report| check_file(report, "file", &nowhere)).0, Status::Error);
    }

    #[test]
    fn a_write_ahead_log_that_is_not_truncated_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        // A sparse file, without a block on the disk.
        File::create(folder.path().join("file-wal")).unwrap().set_len(LARGE_LOG_BYTES + 1).unwrap();
        let (status, line) = found(|report| check_space(report, "space", &file));
        assert!(status == Status::Warning && line.contains("file-wal has 256 MiB"), "{line}");
    }
}
