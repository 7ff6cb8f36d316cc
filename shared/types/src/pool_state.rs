//! Pools of connections, whatever they lead to.

/// A pool of connections, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionPool {
    /// Its name, one of few.
    pub name: &'static str,
    /// How many connections are at work.
    pub used: usize,
    /// How many are open and free.
    pub idle: usize,
    /// How many there may be.
    pub max: usize,
    /// How many requests wait for one.
    pub waiting: usize,
}
