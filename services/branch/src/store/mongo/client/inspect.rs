//! MongoDB for `check`: reachability, migrations and clock.

use crate::store::mongo::client::connect::{DEFAULT_DATABASE, parse, topology};
use crate::store::mongo::client::migrate;
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::{ClientOptions, Tls};
use secrecy::SecretString;
use shared::check::{Report, check_clock};
use shared::clock::{Clock, Timestamp};
use shared::retry::RetryError;
use std::cmp::Ordering;

const SUBJECT: &str = "database of branch";

/// Reports on the database of `MONGO_URL`, and changes nothing.
pub async fn inspect(report: &mut Report, url: &SecretString) {
    let options = match parse(url).await {
        Ok(options) => options,
        Err(RetryError::Transient(cause)) => {
            let advice = "see whether the name servers know the name in MONGO_URL";
            return report.error(SUBJECT, format!("MongoDB is not found: {cause}"), advice);
        }
        Err(RetryError::Fatal(error)) => {
            return report.error(SUBJECT, error.to_string(), "correct MONGO_URL");
        }
    };
    let tls = if matches!(options.tls, Some(Tls::Enabled(_))) { "with TLS" } else { "without TLS" };
    let name = options.default_database.clone().unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
    let clock = Clock::system();
    match look(options, &name, &clock).await {
        Ok(Seen { build, hello, before, after, migrations }) => {
            let version = build.get_str("version").unwrap_or("of unknown version");
            let topology = topology(&hello);
            report.ok(SUBJECT, format!("MongoDB {version} ({topology}) answers, {tls}"));
            report_migrations(report, migrations);
            let theirs = hello.get_datetime("localTime").ok().map(|time| time.timestamp_millis());
            if let Some(theirs) =
                theirs.and_then(|millis| Timestamp::from_micros(millis.saturating_mul(1000)))
            {
                check_clock(report, "the database of branch", theirs, before, after);
            }
        }
        Err(error) => {
            let advice = "start it, or correct MONGO_URL: hosts, user, password and TLS";
            report.error(SUBJECT, format!("MongoDB cannot be used: {}", error.kind), advice);
        }
    }
}

/// The answers of a database, with the times before and after that of `hello`.
struct Seen {
    build: Document,
    hello: Document,
    before: Timestamp,
    after: Timestamp,
    migrations: usize,
}

async fn look(options: ClientOptions, name: &str, clock: &Clock) -> mongodb::error::Result<Seen> {
    let client = Client::with_options(options)?;
    let database = client.database(name);
    let build = database.run_command(doc! {"buildInfo": 1}).await?;
    let before = clock.now();
    let hello = database.run_command(doc! {"hello": 1}).await?;
    let after = clock.now();
    let migrations = migrate::applied_migrations(&database).await?;
    Ok(Seen { build, hello, before, after, migrations })
}

fn report_migrations(report: &mut Report, made: usize) {
    let all = migrate::MIGRATIONS.len();
    match made.cmp(&all) {
        Ordering::Greater => {
            let advice = "run the newer version that made them; this one works only where its notes say so";
            report.warning(SUBJECT, format!("{made} migrations are made, of which {all} are known"), advice);
        }
        Ordering::Less => {
            let detail = format!("{made} of {all} migrations are made, and the others by the next start");
            report.ok(SUBJECT, detail);
        }
        Ordering::Equal => report.ok(SUBJECT, format!("all {all} migrations are made")),
    }
}
