//! The macros that compile a query for both engines.

/// Runs statements on the session of an operation: `on!(session, |c| query.load(c).await)` is a `Result<_, StoreError>`.
///
/// The body is compiled for both engines.
#[macro_export]
macro_rules! on {
    ($session:expr, |$c:ident| $body:expr) => {
        match &mut *$session.session().await? {
            $crate::Session::Postgres(connection) => {
                let $c = &mut **connection;
                let result: ::diesel::QueryResult<_> = $body;
                result.map_err($crate::StoreError::from)
            }
            $crate::Session::Sqlite(connection) => {
                let $c = &mut *connection;
                let result: ::diesel::QueryResult<_> = $body;
                result.map_err($crate::StoreError::from)
            }
            $crate::Session::Legacy(connection) => {
                let $c = &mut **connection;
                let result: ::diesel::QueryResult<_> = $body;
                result.map_err($crate::StoreError::from)
            }
        }
    };
}

/// Runs a transaction: `tx!(store, |c| { ... Ok(value) })`. It is committed on `Ok` and rolled back on `Err`.
///
/// The body's error is any type that converts from diesel's and from [`StoreError`](crate::StoreError). To commit though the request fails, return `Ok`,
/// and fail after the commit. `for_update` does not compile for SQLite: begin with an UPDATE of the row, which locks it on both
/// engines.
#[macro_export]
macro_rules! tx {
    ($store:expr, |$c:ident| $body:expr) => {
        match $store {
            $crate::Store::Postgres(pool) => {
                let mut connection = $crate::checkout(pool.get()).await?;
                ::diesel_async::AsyncConnection::transaction(&mut *connection, async |$c| $body).await
            }
            $crate::Store::Sqlite(sqlite) => {
                let mut connection = $crate::checkout(sqlite.writer.get()).await?;
                // SQLite itself rolls back if the disk is full. diesel's rollback fails then, and its error would hide the first.
                let mut refused = None;
                let done = connection.immediate_transaction(async |connection| {
                    let attempted = async {
                        let $c = &mut *connection;
                        $body
                    };
                    attempted.await.map_err(|error| {
                        refused = Some(error);
                        ::diesel::result::Error::RollbackTransaction
                    })
                });
                let done = done.await;
                refused.map_or_else(|| done.map_err(::std::convert::Into::into), Err)
            }
        }
    };
}
