//! Queries that are compiled for both engines.

/// Reads: `on!(store, |c| query.load(c).await)` gives `Result<_, StoreError>`.
///
/// The body is compiled for both engines. On SQLite it gets a connection that can only read.
#[macro_export]
macro_rules! on {
    ($store:expr, |$c:ident| $body:expr) => {
        match $store {
            $crate::Store::Postgres(pool) => {
                let mut connection = $crate::checkout(pool.get()).await?;
                let $c = &mut *connection;
                ($body).map_err($crate::StoreError::from)
            }
            $crate::Store::Sqlite { readers, .. } => {
                let mut connection = $crate::checkout(readers.get()).await?;
                let $c = &mut *connection;
                ($body).map_err($crate::StoreError::from)
            }
        }
    };
}

/// A transaction that may write: `tx!(store, |c| { ... Ok(value) })`. It is committed on `Ok` and rolled back on `Err`.
///
/// The body's error is any that is made from diesel's and from [`StoreError`]. What must be kept though the request
/// fails is an `Ok` value that becomes an error after the commit. `for_update` does not compile for SQLite: begin with
/// an UPDATE of the row, which is the lock on both engines.
#[macro_export]
macro_rules! tx {
    ($store:expr, |$c:ident| $body:expr) => {
        match $store {
            $crate::Store::Postgres(pool) => {
                let mut connection = $crate::checkout(pool.get()).await?;
                ::diesel_async::AsyncConnection::transaction(&mut *connection, async |$c| $body).await
            }
            $crate::Store::Sqlite { writer, .. } => {
                let mut connection = $crate::checkout(writer.get()).await?;
                // SQLite itself rolls back where the disk is full, and then diesel tells that it cannot, and not why.
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
