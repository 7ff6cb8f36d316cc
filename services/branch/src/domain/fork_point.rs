//! The point on a line from which a branch forks.

use shared::ids::ResponseId;

/// The point on a line from which a branch forks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ForkPoint {
    /// The head that the line has.
    #[default]
    Head,
    /// This message, or none for a fork before the first.
    At(Option<ResponseId>),
}

/// Of a field in which null is before the first message, and one that is absent the head.
impl From<Option<Option<ResponseId>>> for ForkPoint {
    fn from(from: Option<Option<ResponseId>>) -> Self {
        from.map_or(Self::Head, Self::At)
    }
}
