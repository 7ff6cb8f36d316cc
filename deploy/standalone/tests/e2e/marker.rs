//! The places of a text in all databases of a stack.

use crate::app::TestStack;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};
use mongodb::bson::{RawDocumentBuf, doc};
use secrecy::ExposeSecret as _;
use shared_test_kit::TestDatabase;
use std::path::Path;

/// The services with a file each.
const SERVICES: [&str; 4] = ["auth", "chat", "branch", "answer"];

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The tables and collections that have a text of plain letters, in whatever column or field.
pub async fn places_of(stack: &TestStack, marker: &str) -> Vec<String> {
    let (sql, documents) = &stack.databases;
    let mut places = match sql {
        TestDatabase::Sqlite(folder) => {
            let (folder, marker) = (folder.path().to_owned(), marker.to_owned());
            // The stack is on the test's own thread.
            tokio::task::spawn_blocking(move || in_sqlite(&folder, &marker)).await.unwrap()
        }
        _ => in_postgres(sql, marker).await,
    };
    if let Some(documents) = documents {
        places.extend(in_documents(documents, marker).await);
    }
    places
}

/// The files of a stopped stack on SQLite that have a text anywhere, also where nothing refers to it any more, once all that was
/// written is in its place.
pub fn files_with(stack: &TestStack, marker: &str) -> Vec<String> {
    let TestDatabase::Sqlite(folder) = &stack.databases.0 else { return Vec::new() };
    for path in SERVICES.map(|service| folder.path().join(service)).iter().filter(|path| path.exists()) {
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    }
    let has_marker = |path: &Path| contains(&std::fs::read(path).unwrap(), marker);
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| has_marker(path)).map(|path| path.display().to_string()).collect()
}

fn contains(bytes: &[u8], marker: &str) -> bool {
    bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
}

fn in_sqlite(folder: &Path, marker: &str) -> Vec<String> {
    let mut places = Vec::new();
    for service in SERVICES {
        let path = folder.join(service);
        if !path.exists() {
            continue;
        }
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        let tables = sql_query("SELECT name FROM sqlite_master WHERE type = 'table'");
        for Name { name: table } in tables.load::<Name>(&mut connection).unwrap() {
            let columns = sql_query(format!("SELECT name FROM pragma_table_info('{table}')"));
            let columns = columns.load::<Name>(&mut connection).unwrap();
            let has_marker = columns.iter().map(|Name { name }| {
                format!("instr(CAST(\"{name}\" AS BLOB), CAST('{marker}' AS BLOB)) > 0")
            });
            let condition = has_marker.collect::<Vec<_>>().join(" OR ");
            let rows = sql_query(format!("SELECT count(*) AS count FROM \"{table}\" WHERE {condition}"));
            if rows.get_result::<Count>(&mut connection).unwrap().count > 0 {
                places.push(format!("{service}.{table}"));
            }
        }
    }
    places
}

async fn in_postgres(database: &TestDatabase, marker: &str) -> Vec<String> {
    let client = database.connect_postgres().await.unwrap();
    let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
                  WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    // Bytes are shown as hexadecimal digits.
    let digits: Vec<_> = marker.bytes().map(|byte| format!("{byte:02x}")).collect();
    let digits = digits.concat();
    let mut places = Vec::new();
    for row in client.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        let rows = format!(
            "SELECT count(*) FROM {table} AS r WHERE r::text LIKE '%{marker}%' OR r::text LIKE '%{digits}%'"
        );
        if client.query_one(&rows, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            places.push(table);
        }
    }
    places
}

async fn in_documents(database: &TestDatabase, marker: &str) -> Vec<String> {
    let client = mongodb::Client::with_uri_str(database.url("branch").expose_secret()).await.unwrap();
    let database = client.default_database().unwrap();
    let mut places = Vec::new();
    for name in database.list_collection_names().await.unwrap() {
        let mut documents = database.collection::<RawDocumentBuf>(&name).find(doc! {}).await.unwrap();
        while documents.advance().await.unwrap() {
            if contains(documents.current().as_bytes(), marker) {
                places.push(name.clone());
                break;
            }
        }
    }
    places
}
