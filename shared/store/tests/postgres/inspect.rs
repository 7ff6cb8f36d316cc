//! The checks of a database.

use crate::{open, url};
use diesel::sql_types::BigInt;
use diesel_migrations::EmbeddedMigrations;
use futures_util::FutureExt as _;
use reqwest::Url;
use secrecy::SecretString;
use shared::check::{Finding, Report, Status};
use shared_store::RunQueryDsl as _;
use shared_store::{Migrations, Store, StoreError, inspect, on};
use shared_test_kit::TestDatabase;

async fn inspect_findings(url: &Url) -> Vec<Finding> {
    let none = || EmbeddedMigrations::new(&[]);
    let mut report = Report::default();
    let migrations = Migrations { postgres: none(), sqlite: none() };
    inspect(&mut report, "auth", &SecretString::from(url.as_str()), migrations).await;
    report.findings().to_vec()
}

async fn schemas_of_auth(store: &Store) -> Result<i64, StoreError> {
    let read = store.read(|session| {
        let count = diesel::dsl::sql::<BigInt>("(SELECT count(*) FROM pg_namespace WHERE nspname = 'auth')");
        async move { on!(session, |c| diesel::select(count).get_result(c).await) }.boxed()
    });
    read.await
}

pub async fn reports_the_server_and_creates_nothing(database: &TestDatabase) {
    let findings = inspect_findings(&url(database)).await;
    let details: Vec<_> = findings.iter().map(|finding| finding.detail.as_str()).collect();
    assert!(
        details[0].starts_with("PostgreSQL ") && details[0].ends_with(" answers, without TLS"),
        "{details:?}"
    );
    assert_eq!(details[1..], ["all 0 migrations are made", "agrees with that of the database of auth"]);
    assert_eq!(schemas_of_auth(&open(&url(database)).await.unwrap()).await.unwrap(), 0);
}

pub async fn gives_advice_and_no_password(database: &TestDatabase) {
    let mut nowhere = url(database);
    nowhere.set_path("/no_such_database");
    let mut closed = url(database);
    closed.set_port(Some(9)).unwrap();
    for (mut wrong, says, advice) in
        [(nowhere, "no_such_database", "correct DATABASE_URL"), (closed, "refused", "start the server")]
    {
        wrong.set_password(Some("hunter2")).unwrap();
        let findings = inspect_findings(&wrong).await;
        assert!(findings.len() == 1 && findings[0].status == Status::Error, "{findings:?}");
        assert!(findings[0].detail.contains(says), "{findings:?}");
        assert!(findings[0].advice.as_ref().unwrap().starts_with(advice), "{findings:?}");
        assert!(!format!("{findings:?}").contains("hunter2"), "{findings:?}");
    }
}
