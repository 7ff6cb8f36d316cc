//! The head that a client expects.

use shared::ids::ResponseId;
use shared::validation::{Reason, TextField};

/// The head that a client expects a line to have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExpectedHead {
    /// Any head.
    #[default]
    Any,
    /// This message, or none for an empty line.
    Exactly(Option<ResponseId>),
}

impl ExpectedHead {
    /// Whether a head is as expected.
    pub fn allows(self, head: Option<ResponseId>) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(expected) => expected == head,
        }
    }
}

/// Of a field in which null is the empty line, and one that is absent expects nothing.
impl From<Option<Option<ResponseId>>> for ExpectedHead {
    fn from(expected: Option<Option<ResponseId>>) -> Self {
        expected.map_or(Self::Any, Self::Exactly)
    }
}

/// The choice for a message whose line has another head than the expected one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum OnHeadMoved {
    /// It is refused.
    #[default]
    Reject,
    /// It goes to a new branch, at the expected head.
    Fork,
}

impl TextField for OnHeadMoved {
    fn parse(text: String) -> Result<Self, Reason> {
        match text.as_str() {
            "reject" => Ok(Self::Reject),
            "fork" => Ok(Self::Fork),
            _ => Err(Reason::new("enum", "Input should be 'reject' or 'fork'")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_can_be_expected() {
        let head = Some(ResponseId::generate());
        assert!(ExpectedHead::Any.allows(None) && ExpectedHead::Any.allows(head));
        assert!(ExpectedHead::Exactly(None).allows(None) && ExpectedHead::Exactly(head).allows(head));
        assert!(!ExpectedHead::Exactly(None).allows(head) && !ExpectedHead::Exactly(head).allows(None));
        assert!(!ExpectedHead::Exactly(Some(ResponseId::generate())).allows(head));
    }
}
