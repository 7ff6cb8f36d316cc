//! The state of a chat, of which the branch service is told, and the answer service where there is one.

use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};

/// Whether a chat is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatState {
    /// It is there.
    Alive,
    /// It is deleted, and can be restored until this time.
    Deleted {
        /// When it is destroyed.
        purge_at: Timestamp,
    },
    /// It is deleted for good.
    Destroyed,
}

/// A change of a chat's state. Of two changes of a chat, the one with the higher number counts, in whatever order they arrive.
#[derive(Debug, Clone, Copy)]
pub struct StateChange {
    /// The chat.
    pub chat: ChatId,
    /// Its owner.
    pub owner: UserId,
    /// When it was created.
    pub created_at: Timestamp,
    /// How often its state has changed.
    pub number: i64,
    /// Its state from now on.
    pub state: ChatState,
}

impl StateChange {
    /// The internal path, with its query, at which the branch service takes it.
    pub fn branch_path(&self) -> String {
        let Self { chat, owner, created_at, number, state } = self;
        let until = match state {
            ChatState::Deleted { purge_at } => format!("&purge_at={purge_at}"),
            ChatState::Alive | ChatState::Destroyed => String::new(),
        };
        let state = state.name();
        format!(
            "/internal/chats/{chat}/state?owner={owner}&created_at={created_at}&number={number}&state={state}{until}"
        )
    }

    /// The one at which the answer service takes it, which knows owners and needs no times.
    pub fn answer_path(&self) -> String {
        let Self { chat, number, state, .. } = self;
        format!("/internal/chats/{chat}/state?number={number}&state={}", state.name())
    }
}

impl ChatState {
    const fn name(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Deleted { .. } => "deleted",
            Self::Destroyed => "destroyed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ids::parse_uuid;

    #[test]
    fn the_path_says_all() {
        let id = parse_uuid("018f3a5e-7b1c-7c3d-8e4f-0123456789ab").unwrap();
        let time = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).unwrap();
        let change =
            |state| StateChange { chat: id.into(), owner: id.into(), created_at: time(0), number: 3, state };
        let path = |state| change(state).branch_path();
        let start = format!(
            "/internal/chats/{id}/state?owner={id}&created_at=1970-01-01T00:00:00.000000Z&number=3&state="
        );

        assert_eq!(path(ChatState::Alive), format!("{start}alive"));
        assert_eq!(path(ChatState::Destroyed), format!("{start}destroyed"));
        let deleted = format!("{start}deleted&purge_at=1970-01-01T00:01:00.000000Z");
        assert_eq!(path(ChatState::Deleted { purge_at: time(60) }), deleted);
        let told = change(ChatState::Deleted { purge_at: time(60) }).answer_path();
        assert_eq!(told, format!("/internal/chats/{id}/state?number=3&state=deleted"));
    }
}
