//! A line read page by page.

use shared::validation::{Reason, TextField};
use std::fmt;
use std::time::Duration;

/// The most bytes of questions and responses of a page: the message that would exceed it starts the next page.
pub const MAX_PAGE_BYTES: i64 = 8 << 20;

/// The least difference between the times of two messages of a line: the precision of a time.
pub const MIN_TIME_STEP: Duration = Duration::from_micros(1);

/// Which end of a line comes first.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[schema(rename_all = "lowercase")]
pub enum Order {
    /// Newest first.
    #[default]
    Desc,
    /// Oldest first.
    Asc,
}

impl Order {
    /// The name in requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Desc => "desc",
            Self::Asc => "asc",
        }
    }

    /// The order from the other end.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Desc => Self::Asc,
            Self::Asc => Self::Desc,
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TextField for Order {
    fn parse(text: String) -> Result<Self, Reason> {
        match text.as_str() {
            "desc" => Ok(Self::Desc),
            "asc" => Ok(Self::Asc),
            _ => Err(Reason::new("enum", "Input should be 'desc' or 'asc'")),
        }
    }
}

/// The depths `from..=to` of a line that one page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepthRange {
    /// The first depth.
    pub from: i64,
    /// The last depth.
    pub to: i64,
}

impl DepthRange {
    /// The page of at most `limit` messages that begins at `start`, or at the line's end that comes first in this
    /// order; `None` if no message lies there.
    pub fn page(order: Order, head: i64, start: Option<i64>, limit: i64) -> Option<Self> {
        let page = match order {
            Order::Desc => {
                let to = start.unwrap_or(head).min(head);
                Self { from: (to - limit + 1).max(1), to }
            }
            Order::Asc => {
                let from = start.unwrap_or(1).max(1);
                Self { from, to: from.saturating_add(limit - 1).min(head) }
            }
        };
        (page.from <= page.to).then_some(page)
    }

    /// The same, from the depth before it on, if there is one.
    #[must_use]
    pub fn with_parent(self) -> Self {
        Self { from: (self.from - 1).max(1), ..self }
    }

    /// The number of depths.
    pub const fn len(self) -> i64 {
        self.to - self.from + 1
    }

    /// Whether it has no depth; [`DepthRange::page`] returns none like that.
    pub const fn is_empty(self) -> bool {
        self.len() <= 0
    }

    /// The first `count` messages of it in this order.
    #[must_use]
    pub const fn first(self, order: Order, count: i64) -> Self {
        match order {
            Order::Desc => Self { from: self.to - count + 1, to: self.to },
            Order::Asc => Self { from: self.from, to: self.from + count - 1 },
        }
    }

    /// The depth at which the next page begins, if the line goes on.
    pub const fn next(self, order: Order, head: i64) -> Option<i64> {
        match order {
            Order::Desc if self.from > 1 => Some(self.from - 1),
            Order::Asc if self.to < head => Some(self.to + 1),
            Order::Desc | Order::Asc => None,
        }
    }
}

/// The number of messages, with texts of these sizes, that fit in a page: at least one, if there is any.
pub fn count_fitting(sizes: impl IntoIterator<Item = i64>) -> usize {
    let mut total = 0;
    let fits = |(index, size): &(usize, i64)| {
        total += size;
        *index == 0 || total <= MAX_PAGE_BYTES
    };
    sizes.into_iter().enumerate().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_a_line_meet_without_gap_or_overlap() {
        for order in [Order::Desc, Order::Asc] {
            for (head, limit) in [(0, 1), (1, 1), (5, 2), (6, 2), (6, 200), (7, 7)] {
                let mut seen = Vec::new();
                let mut start = None;
                while let Some(page) = DepthRange::page(order, head, start, limit) {
                    assert!(page.len() <= limit && !page.is_empty());
                    let depths = page.from..=page.to;
                    match order {
                        Order::Desc => seen.extend(depths.rev()),
                        Order::Asc => seen.extend(depths),
                    }
                    let Some(next) = page.next(order, head) else { break };
                    start = Some(next);
                }
                seen.sort_unstable();
                assert_eq!(seen, (1..=head).collect::<Vec<_>>(), "{order:?} {head} {limit}");
            }
        }
    }

    #[test]
    fn a_page_may_begin_beyond_the_head() {
        let page = |order, start| DepthRange::page(order, 7, Some(start), 3);
        for start in [8, 100, i64::MAX] {
            assert_eq!(page(Order::Desc, start), Some(DepthRange { from: 5, to: 7 }));
            assert_eq!(page(Order::Asc, start), None);
        }
    }

    #[test]
    fn a_shortened_page_keeps_the_end_that_comes_first() {
        let page = DepthRange { from: 11, to: 20 };
        assert_eq!(page.first(Order::Desc, 3), DepthRange { from: 18, to: 20 });
        assert_eq!(page.first(Order::Asc, 3), DepthRange { from: 11, to: 13 });
    }

    #[test]
    fn a_page_ends_before_the_message_that_would_cross_the_limit() {
        let quarter = MAX_PAGE_BYTES / 4;
        assert_eq!(count_fitting([]), 0);
        assert_eq!(count_fitting([quarter; 9]), 4);
        assert_eq!(count_fitting([quarter, quarter, quarter, quarter + 1, 0]), 3);
        assert_eq!(count_fitting([MAX_PAGE_BYTES + 1, 0]), 1);
        assert_eq!(count_fitting([0; 200]), 200);
    }
}
