//! The checks of PostgreSQL.

use super::migrations::{APPLIED, AppliedMigration, report_migrations};
use crate::error::StoreError;
use crate::postgres::connect_read_only;
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use diesel_migrations::EmbeddedMigrations;
use shared::check::{Report, check_clock};
use shared::clock::{Clock, Timestamp};
use shared::error::causes;

#[derive(Debug, QueryableByName)]
struct Server {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Bool)]
    is_replica: bool,
    #[diesel(sql_type = Bool)]
    has_tls: bool,
    #[diesel(sql_type = Bool)]
    has_tables: bool,
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

const SERVER_QUERY: &str = "SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS is_replica, \
     coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS has_tls, \
     to_regclass('__diesel_schema_migrations') IS NOT NULL AS has_tables, \
     (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";

pub(super) async fn inspect_postgres(
    report: &mut Report,
    subject: &str,
    schema: &'static str,
    url: &str,
    migrations: &EmbeddedMigrations,
) {
    let mut connection = match connect_read_only(url, schema).await {
        Ok(connection) => connection,
        Err(failure) => {
            let (cause, advice) = failure.into_cause_and_advice();
            return report.error(subject, format!("PostgreSQL cannot be reached: {cause}"), advice);
        }
    };
    let clock = Clock::system();
    let before = clock.now();
    match query_server(&mut connection).await {
        Ok((server, applied)) => {
            report_server(report, subject, &server);
            report_migrations::<Pg>(report, subject, migrations, &applied);
            if let Some(theirs) = Timestamp::from_micros(server.micros) {
                check_clock(report, &format!("the {subject}"), theirs, before, clock.now());
            }
        }
        Err(error) => {
            let advice = "see what the role of DATABASE_URL may do";
            report.error(subject, format!("PostgreSQL refuses: {}", causes(&error)), advice);
        }
    }
}

fn report_server(report: &mut Report, subject: &str, server: &Server) {
    let version = &server.version;
    if server.is_replica {
        let advice = "name the primary in DATABASE_URL, or all servers with target_session_attrs=read-write";
        let detail = format!("PostgreSQL {version} is a replica, which takes no writes");
        return report.error(subject, detail, advice);
    }
    let tls = if server.has_tls { "with TLS" } else { "without TLS" };
    report.ok(subject, format!("PostgreSQL {version} answers, {tls}"));
}

async fn query_server(
    connection: &mut AsyncPgConnection,
) -> Result<(Server, Vec<AppliedMigration>), StoreError> {
    let server: Server = sql_query(SERVER_QUERY).get_result(connection).await?;
    if !server.has_tables {
        return Ok((server, Vec::new()));
    }
    let applied = sql_query(APPLIED).load(connection).await?;
    Ok((server, applied))
}
