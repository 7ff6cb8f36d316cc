//! The macro that compiles a query for both engines.

/// Runs statements on the session of an operation: `on!(session, |c| query.load(c).await)` is a `Result<_, StoreError>`.
///
/// The body is compiled for both engines.
#[macro_export]
macro_rules! on {
    ($session:expr, |$c:ident| $body:expr) => {
        match &mut *$session {
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
        }
    };
}
