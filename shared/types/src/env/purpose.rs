//! What the environment is read for.

/// What the environment is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Serving.
    Serve,
    /// The command `check`: no port is bound, and nothing is exported.
    Check,
}
