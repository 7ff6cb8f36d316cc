//! The names of the services.

use std::fmt;

/// A service of Banyan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// The gateway, in front of the others.
    Gateway,
    /// Users and tokens.
    Auth,
    /// Chats and conversation records.
    Chat,
    /// Messages and branches.
    Branch,
    /// Answers of models.
    Answer,
}

impl Service {
    /// The service's name in logs, tokens and schemas.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Auth => "auth",
            Self::Chat => "chat",
            Self::Branch => "branch",
            Self::Answer => "answer",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
