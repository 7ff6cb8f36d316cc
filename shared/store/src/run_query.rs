//! The methods that run a query on a session's connection.
//!
//! On PostgreSQL they are those of diesel-async. On SQLite they are diesel's own: the statement runs where it is called, so that the
//! future is ready at its first poll, and neither parameters nor rows are copied for another thread.

use diesel::SqliteConnection;
use diesel::dsl::Limit;
use diesel::prelude::QueryResult;
use diesel::query_dsl::methods::{ExecuteDsl, LimitDsl, LoadQuery};
use diesel_async::{AsyncPgConnection, methods as on_postgres};
use futures_util::future::ready;

/// Runs queries on either engine, within [`on!`](crate::on).
pub trait RunQueryDsl: Sized {
    /// Executes a statement, and returns how many rows it concerned.
    fn execute<'q, C>(self, connection: &mut C) -> impl Future<Output = QueryResult<usize>> + Send
    where
        Self: Execute<'q, C>,
    {
        Execute::execute(self, connection)
    }

    /// Loads all rows.
    fn load<'q, U, C>(self, connection: &mut C) -> impl Future<Output = QueryResult<Vec<U>>> + Send
    where
        Self: Load<'q, U, C>,
    {
        Load::load(self, connection)
    }

    /// Loads the rows of a statement that changes them.
    fn get_results<'q, U, C>(self, connection: &mut C) -> impl Future<Output = QueryResult<Vec<U>>> + Send
    where
        Self: Load<'q, U, C>,
    {
        Load::load(self, connection)
    }

    /// Loads the one row; `NotFound` if there is none.
    fn get_result<'q, U, C>(self, connection: &mut C) -> impl Future<Output = QueryResult<U>> + Send
    where
        Self: Load<'q, U, C>,
    {
        Load::load_one(self, connection)
    }

    /// Loads the first row; `NotFound` if there is none.
    fn first<'q, U, C>(self, connection: &mut C) -> impl Future<Output = QueryResult<U>> + Send
    where
        Self: LimitDsl,
        Limit<Self>: Load<'q, U, C>,
    {
        Load::load_one(self.limit(1), connection)
    }
}

impl<Q> RunQueryDsl for Q {}

/// A query that a connection executes.
pub trait Execute<'q, C>: Sized {
    /// Executes it.
    fn execute(self, connection: &mut C) -> impl Future<Output = QueryResult<usize>> + Send;
}

impl<'q, Q> Execute<'q, AsyncPgConnection> for Q
where
    Q: on_postgres::ExecuteDsl<AsyncPgConnection> + 'q,
{
    fn execute(self, connection: &mut AsyncPgConnection) -> impl Future<Output = QueryResult<usize>> + Send {
        on_postgres::ExecuteDsl::execute(self, connection)
    }
}

impl<'q, Q> Execute<'q, SqliteConnection> for Q
where
    Q: ExecuteDsl<SqliteConnection> + 'q,
{
    fn execute(self, connection: &mut SqliteConnection) -> impl Future<Output = QueryResult<usize>> + Send {
        ready(ExecuteDsl::execute(self, connection))
    }
}

/// A query whose rows a connection loads.
pub trait Load<'q, U, C>: Sized {
    /// Loads all rows.
    fn load(self, connection: &mut C) -> impl Future<Output = QueryResult<Vec<U>>> + Send;

    /// Loads one row; `NotFound` if there is none.
    fn load_one(self, connection: &mut C) -> impl Future<Output = QueryResult<U>> + Send;
}

impl<'q, Q, U> Load<'q, U, AsyncPgConnection> for Q
where
    Q: on_postgres::LoadQuery<'q, AsyncPgConnection, U> + 'q,
    U: Send + 'static,
{
    fn load(self, connection: &mut AsyncPgConnection) -> impl Future<Output = QueryResult<Vec<U>>> + Send {
        diesel_async::RunQueryDsl::load(self, connection)
    }

    fn load_one(self, connection: &mut AsyncPgConnection) -> impl Future<Output = QueryResult<U>> + Send {
        diesel_async::RunQueryDsl::get_result(self, connection)
    }
}

impl<'q, Q, U> Load<'q, U, SqliteConnection> for Q
where
    Q: LoadQuery<'q, SqliteConnection, U>,
    U: Send,
{
    fn load(self, connection: &mut SqliteConnection) -> impl Future<Output = QueryResult<Vec<U>>> + Send {
        ready(self.internal_load(connection).and_then(Iterator::collect))
    }

    fn load_one(self, connection: &mut SqliteConnection) -> impl Future<Output = QueryResult<U>> + Send {
        let first = |mut rows| Iterator::next(&mut rows).unwrap_or(Err(diesel::result::Error::NotFound));
        ready(self.internal_load(connection).and_then(first))
    }
}
