//! The state of a chat, of which the branch service is told.

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
    pub fn path(&self) -> String {
        let Self { chat, owner, created_at, number, state } = self;
        let state = match state {
            ChatState::Alive => "alive".to_owned(),
            ChatState::Deleted { purge_at } => format!("deleted&purge_at={purge_at}"),
            ChatState::Destroyed => "destroyed".to_owned(),
        };
        format!(
            "/internal/chats/{chat}/state?owner={owner}&created_at={created_at}&number={number}&state={state}"
        )
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
        let path = |state| {
            StateChange { chat: id.into(), owner: id.into(), created_at: time(0), number: 3, state }.path()
        };
        let start = format!(
            "/internal/chats/{id}/state?owner={id}&created_at=1970-01-01T00:00:00.000000Z&number=3&state="
        );

        assert_eq!(path(ChatState::Alive), format!("{start}alive"));
        assert_eq!(path(ChatState::Destroyed), format!("{start}destroyed"));
        let deleted = format!("{start}deleted&purge_at=1970-01-01T00:01:00.000000Z");
        assert_eq!(path(ChatState::Deleted { purge_at: time(60) }), deleted);
    }
}
