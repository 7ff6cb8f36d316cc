//! PostgreSQL that is not up yet, is misconfigured, or fails for a while. These tests are ignored without `TEST_DATABASE_URL`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod errors;
mod exclusive;
mod inspect;
mod settings;

use diesel::sql_types::Text;
use diesel_migrations::EmbeddedMigrations;
use futures_util::FutureExt as _;
use libtest_mimic::{Arguments, Trial};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use shared::clock::Clock;
use shared::error::StartError;
use shared::service::Service;
use shared_store::RunQueryDsl as _;
use shared_store::{Migrations, Store, StoreError, on};
use shared_test_kit::{Running, TcpProxy, TestClient, TestDatabase, application_parts, token_keys};
use shared_web::body_limits::BodyLimits;
use shared_web::context::Context;
use shared_web::metrics::Metrics;
use shared_web::server::{Application, Readiness, no_hooks};
use shared_web::spans::Traces;
use shared_web::timeouts::ServerTimeouts;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

macro_rules! trials {
    ($($case:path,)+) => {
        vec![$(
            Trial::test(stringify!($case).replace(' ', ""), || {
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
                runtime.block_on(async { $case(&TestDatabase::postgres().await.unwrap()).await });
                Ok(())
            })
            .with_ignored_flag(!TestDatabase::has_postgres())
        ),+]
    };
}

fn main() {
    let trials = trials! {
        a_service_waits_for_its_database_to_start,
        a_fatal_error_ends_the_start_with_one_line,
        an_outage_is_reported_within_15_s_and_ends_by_itself,
        a_statement_is_cancelled_at_its_timeout,
        the_lock_timeout_is_half_of_the_statements_and_at_most_2_s,
        errors::are_classified_by_sqlstate_in_every_language,
        errors::a_refused_write_replaces_all_connections,
        errors::a_read_only_server_is_not_ready,
        exclusive::operations_run_one_at_a_time_on_all_replicas_of_a_service,
        inspect::reports_the_server_and_creates_nothing,
        inspect::gives_advice_and_no_password,
        settings::defaults_of_the_database_are_overridden,
        settings::writers_of_one_row_wait_for_each_other_at_any_default_isolation,
        settings::migrations_wait_for_their_lock_beyond_default_timeouts,
        settings::the_promotion_of_a_replica_is_waited_for,
    };
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn url(database: &TestDatabase) -> Url {
    database.url("chat").expose_secret().parse().unwrap()
}

async fn open(url: &Url) -> Result<Store, StartError> {
    open_with(&SecretString::from(url.as_str()), "chat", Duration::from_secs(2)).await
}

async fn open_with(
    url: &SecretString,
    schema: &'static str,
    statement_timeout: Duration,
) -> Result<Store, StartError> {
    let none = || EmbeddedMigrations::new(&[]);
    let migrations = Migrations { postgres: none(), sqlite: none() };
    Store::open(url, schema, migrations, statement_timeout).await
}

async fn a_service_waits_for_its_database_to_start(database: &TestDatabase) {
    let (mut proxy, through) = TcpProxy::disconnected(&url(database)).await;
    let door = TcpListener::bind(("127.0.0.1", through.port().unwrap())).await.unwrap();
    let opening = tokio::spawn(async move { open(&through).await });
    for _ in 0..2 {
        door.accept().await.unwrap();
    }
    drop(door);
    proxy.reconnect().await;
    opening.await.unwrap().unwrap().ping().await.unwrap();
}

async fn a_fatal_error_ends_the_start_with_one_line(database: &TestDatabase) {
    let mut nowhere = url(database);
    nowhere.set_path("/no_such_database");
    let mut nobody = url(database);
    nobody.set_username("no_such_role").unwrap();
    let mut no_tls = url(database);
    no_tls.set_query(Some("sslmode=require"));
    for (mut wrong, says) in [(nowhere, "no_such_database"), (nobody, "no_such_role"), (no_tls, "TLS")] {
        wrong.set_password(Some("hunter2")).unwrap();
        let begun = Instant::now();
        let line = open(&wrong).await.err().unwrap_or_else(|| panic!("{wrong} was taken")).to_string();
        assert!(begun.elapsed() < Duration::from_secs(10), "{line}");
        assert!(line.starts_with("DATABASE_URL: cannot connect: ") && line.contains(says), "{line}");
        assert!(!line.contains("hunter2") && !line.contains('\n'), "{line}");
    }
}

async fn a_statement_is_cancelled_at_its_timeout(database: &TestDatabase) {
    let store = open(&url(database)).await.unwrap();
    let begun = Instant::now();
    let error = sleep(&store, 600).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!((2..60).contains(&begun.elapsed().as_secs()));
    sleep(&store, 0).await.unwrap();
}

async fn the_lock_timeout_is_half_of_the_statements_and_at_most_2_s(database: &TestDatabase) {
    for (statement, lock) in [(1, "500ms"), (2, "1s"), (10, "2s")] {
        let limit = Duration::from_secs(statement);
        let store = open_with(&database.url("chat"), "chat", limit).await.unwrap();
        assert_eq!(lock_timeout(&store).await.unwrap(), lock);
    }
}

async fn lock_timeout(store: &Store) -> Result<String, StoreError> {
    let read = store.read(|session| {
        let setting = diesel::select(diesel::dsl::sql::<Text>("current_setting('lock_timeout')"));
        async move { on!(session, |c| setting.get_result(c).await) }.boxed()
    });
    read.await
}

/// Executes a statement by itself.
async fn execute(store: &Store, statement: String) -> Result<(), StoreError> {
    let executed = store.write_statement(move |session| {
        async move { on!(session, |c| diesel::sql_query(statement).execute(c).await).map(drop) }.boxed()
    });
    executed.await
}

async fn sleep(store: &Store, seconds: u32) -> Result<(), StoreError> {
    execute(store, format!("SELECT pg_sleep({seconds})")).await
}

/// A service with the readiness of the store.
fn service_of(store: &Store) -> Running {
    let context = Context {
        service: Service::Chat,
        keys: token_keys(&Clock::system()),
        metrics: Metrics::off(),
        traces: Traces::off(),
        times: ServerTimeouts::default(),
        max_connections: 1000,
        bodies: BodyLimits::default(),
    };
    let readiness = Readiness::new(store.clone().readiness_check());
    Running::start(Application::bind(application_parts(context, readiness), no_hooks, |_| {}).unwrap())
}

async fn an_outage_is_reported_within_15_s_and_ends_by_itself(database: &TestDatabase) {
    let (mut proxy, through) = TcpProxy::disconnected(&url(database)).await;
    proxy.reconnect().await;
    let store = open(&through).await.unwrap();
    let service = service_of(&store);
    let client = TestClient::new(service.url());
    client.get("/readyz").await.expect(200);
    proxy.disconnect();
    let begun = Instant::now();
    // The first request may still get a connection that looks alive.
    for _ in 0..2 {
        store.ping().await.unwrap_err();
        let answer = client.get("/readyz").await.expect(503);
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.json()["reason"], "the database does not answer");
        client.get("/livez").await.expect(200);
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    proxy.reconnect().await;
    client.get("/readyz").await.expect(200);
    store.ping().await.unwrap();
}
