//! Operations, on SQLite, or on the PostgreSQL of `TEST_DATABASE_URL`.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use diesel::prelude::*;
use diesel_migrations::EmbeddedMigrations;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use shared::ids::{BranchId, ChatId};
use shared_store::RunQueryDsl;
use shared_store::{Migrations, Session, Store, StoreError, any_of, on};
use shared_test_kit::TestDatabase;
use std::time::Duration;

diesel::table! {
    use diesel::sql_types::Nullable;
    use shared::sql_types::Uid;

    /// Chats, of which some have a parent.
    chats (id) {
        /// The chat.
        id -> Uid,
        /// The branch from which it comes.
        parent -> Nullable<Uid>,
    }
}

async fn set_up() -> (TestDatabase, Store) {
    let database = TestDatabase::create().await;
    let none = || EmbeddedMigrations::new(&[]);
    let migrations = Migrations { postgres: none(), sqlite: none() };
    let url = database.url("chat");
    let store = Store::open(&url, "chat", migrations, Duration::from_secs(10)).await.unwrap();
    let id = if let Store::Sqlite(_) = store { "BLOB" } else { "UUID" };
    let table = format!("CREATE TABLE chats (id {id} PRIMARY KEY, parent {id})");
    let made: Result<(), StoreError> =
        store.write(move |session| async move { session.batch_execute(&table).await }.boxed()).await;
    made.unwrap();
    (database, store)
}

async fn insert(session: &mut Session, id: ChatId, parent: Option<BranchId>) -> Result<(), StoreError> {
    let chat = (chats::id.eq(id), chats::parent.eq(parent));
    on!(session, |c| diesel::insert_into(chats::table).values(chat).execute(c).await).map(drop)
}

async fn ids(store: &Store) -> Vec<ChatId> {
    let read = store.read(|session| {
        async move { on!(session, |c| chats::table.order(chats::id).select(chats::id).load(c).await) }.boxed()
    });
    let ids: Result<_, StoreError> = read.await;
    ids.unwrap()
}

#[tokio::test]
async fn an_operation_is_committed_on_ok_and_rolled_back_on_err() {
    let (_database, store) = set_up().await;
    let (kept, dropped, single) = (ChatId::generate(), ChatId::generate(), ChatId::generate());

    let written = store.write(move |session| insert(session, kept, None).boxed()).await;
    let failed = store.write(move |session| {
        let fail = async move {
            insert(session, dropped, None).await?;
            insert(session, kept, None).await
        };
        fail.boxed()
    });
    let failed = failed.await.unwrap_err();
    let alone = store.write_statement(move |session| insert(session, single, None).boxed()).await;

    assert!(written.is_ok() && alone.is_ok());
    assert!(failed.is_unique_violation());
    assert_eq!(ids(&store).await, [kept, single]);
}

#[tokio::test]
async fn any_of_matches_each_of_the_ids_and_no_other_row() {
    let (_database, store) = set_up().await;
    let made: Vec<ChatId> = (0..40).map(|_| ChatId::generate()).collect();
    let parents: Vec<BranchId> = made.iter().map(|_| BranchId::generate()).collect();
    for (id, parent) in made.iter().copied().zip(parents.iter().copied()) {
        store.write(move |session| insert(session, id, Some(parent)).boxed()).await.unwrap();
    }

    for (from, to) in [(0, 0), (3, 4), (10, 40)] {
        let (asked, parents) = (made[from..to].to_vec(), parents[from..to].to_vec());
        let by_id = chats::table.filter(any_of(chats::id, asked.clone()));
        let by_parent = chats::table.filter(any_of(chats::parent, parents).and(chats::id.is_not_null()));
        let found = store.read(move |session| -> BoxFuture<'_, Result<_, StoreError>> {
            let find = async move {
                on!(session, |c| {
                    let by_id = by_id.order(chats::id).select(chats::id).load::<ChatId, _>(c).await?;
                    let by_parent = by_parent.order(chats::id).select(chats::id).load::<ChatId, _>(c).await?;
                    Ok((by_id, by_parent))
                })
            };
            find.boxed()
        });
        assert_eq!(found.await.unwrap(), (asked.clone(), asked));
    }
}
