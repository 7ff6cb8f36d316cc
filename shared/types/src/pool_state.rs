//! The gauges of a connection pool, of whatever database.

/// The present state of a connection pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// The pool's name, a label of the metrics.
    pub name: &'static str,
    /// Connections in use.
    pub used: usize,
    /// Open connections that are idle.
    pub idle: usize,
    /// The maximum of connections.
    pub max: usize,
    /// Requests that wait for a connection.
    pub waiting: usize,
}
