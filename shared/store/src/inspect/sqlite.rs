//! The checks of a SQLite file.

use super::migrations::{APPLIED, AppliedMigration, report_migrations};
use crate::sqlite::{file_of, is_missing};
use diesel::connection::SimpleConnection as _;
use diesel::sqlite::Sqlite;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, sql_query};
use diesel_migrations::EmbeddedMigrations;
use shared::check::{Report, check_file, check_space};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// SQLite's error of a missing table.
const NO_TABLE: &str = "no such table";

pub(super) fn inspect_sqlite(
    report: &mut Report,
    subject: &str,
    path: &str,
    migrations: &EmbeddedMigrations,
) {
    let Some(file) = file_of(path) else {
        let advice = "name a file in DATABASE_URL";
        return report.warning(subject, "is in memory, and is lost when the service stops", advice);
    };
    if is_missing(&file) {
        return report_missing_file(report, subject, &file);
    }
    check_file(report, subject, &file);
    check_space(report, subject, &file);
    match applied_on_sqlite(&file) {
        Ok(applied) => report_migrations::<Sqlite>(report, subject, migrations, &applied),
        Err(error) => {
            let advice = "see whether it is a database of this service, and restore a backup if it is broken";
            report.error(subject, format!("{} cannot be read: {error}", file.display()), advice);
        }
    }
}

fn report_missing_file(report: &mut Report, subject: &str, file: &Path) {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let shown = file.display();
    if folder.is_dir() {
        report.ok(subject, format!("{shown} is not there yet, and is made by the first start"));
        check_space(report, subject, file);
    } else {
        let advice = format!("make the folder {}", folder.display());
        report.error(subject, format!("{shown} is not there, nor is its folder"), advice);
    }
}

/// The applied migrations of a file. SQLite would create a log beside a file that it opens; if no process has it open, there is none,
/// and the file is opened as immutable.
fn applied_on_sqlite(file: &Path) -> Result<Vec<AppliedMigration>, String> {
    let beside = |suffix: &str| {
        let mut path = OsString::from(file);
        path.push(suffix);
        PathBuf::from(path)
    };
    let is_open = !is_missing(&beside("-wal")) && !is_missing(&beside("-shm"));
    let mode = if is_open { "mode=ro" } else { "immutable=1" };
    let path = file.to_str().ok_or("its path is no UTF-8")?;
    let encoded: String = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let mut connection =
        SqliteConnection::establish(&format!("file:{encoded}?{mode}")).map_err(|error| error.to_string())?;
    connection
        .batch_execute("PRAGMA busy_timeout = 3000; PRAGMA query_only = ON;")
        .map_err(|error| error.to_string())?;
    match sql_query(APPLIED).load(&mut connection) {
        Ok(applied) => Ok(applied),
        Err(error) if error.to_string().contains(NO_TABLE) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}
