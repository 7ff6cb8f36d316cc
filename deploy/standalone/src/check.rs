//! `banyan check`: reports on all that Banyan needs, and changes nothing.

use crate::config::{Databases, Options};
use crate::data_dir::secret_file;
use crate::stack_config::StackConfig;
use shared::check::{Report, check_file, check_own_clock};
use shared::clock::Clock;
use shared::env::{Env, Purpose};
use shared_store::is_missing;
use shared_web::check::check_descriptors;
use shared_web::telemetry;
use shared_web::tokens::TokenKeys;
use std::fs;
use std::path::Path;

const FOLDER: &str = "data folder";
const KEY: &str = "secret key";

/// Reports on configuration, keys, files and databases, whether Banyan runs or not.
pub async fn check(options: &Options, env: &Env) -> Report {
    let (mut report, clock) = (Report::default(), Clock::system());
    check_own_clock(&mut report, clock.now());
    let read = telemetry::check_env(env).and_then(|()| StackConfig::from_env(options, env, Purpose::Check));
    let config = report.configuration(read);
    let has_own_key = config.is_some_and(|config| config.secret.is_some());
    check_folder(&mut report, &options.data_dir);
    if !has_own_key {
        check_key(&mut report, &secret_file(&options.data_dir), &clock);
    }
    if let Ok(databases) = Databases::from_env(env, &options.data_dir) {
        check_descriptors(&mut report, databases.descriptor_use());
        check_databases(&mut report, &databases, &options.data_dir).await;
    }
    report
}

fn check_folder(report: &mut Report, path: &Path) {
    if is_missing(path) {
        report.ok(FOLDER, format!("{} is not there yet, and is made by the first start", path.display()));
    } else {
        check_file(report, FOLDER, path);
    }
}

fn check_key(report: &mut Report, path: &Path, clock: &Clock) {
    if is_missing(path) {
        return report.ok(KEY, "is made by the first start");
    }
    check_file(report, KEY, path);
    let advice = "restore it from a backup, or delete it: the next start makes another one, with which access tokens count no more and refresh tokens do";
    match fs::read_to_string(path) {
        Ok(secret) => match TokenKeys::new(&secret.trim_end().into(), clock.clone()) {
            Ok(_) => report.ok(KEY, "is long enough"),
            Err(error) => {
                let problem = error.problems().map(|(_, problem)| problem).collect::<String>();
                report.error(KEY, format!("{} {problem}", path.display()), advice);
            }
        },
        Err(error) => report.error(KEY, format!("{} cannot be read: {error}", path.display()), advice),
    }
}

async fn check_databases(report: &mut Report, databases: &Databases, data_dir: &Path) {
    if !databases.are_elsewhere() && is_missing(data_dir) {
        return report.ok("databases", "are made by the first start, in the data folder");
    }
    auth::cli::check_database(report, &databases.auth).await;
    chat::cli::check_database(report, &databases.chat).await;
    branch::cli::check_database(report, &databases.branch).await;
    answer::cli::check_database(report, &databases.answer).await;
}
