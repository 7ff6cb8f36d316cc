//! The services that Banyan consists of.

use std::fmt;

/// One of the services that call each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// In front of the others.
    Gateway,
    /// Users and tokens.
    Auth,
    /// Chats and conversation records.
    Chat,
    /// Messages and branches.
    Branch,
}

impl Service {
    /// The service's name, in logs, tokens and schemas.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Auth => "auth",
            Self::Chat => "chat",
            Self::Branch => "branch",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
