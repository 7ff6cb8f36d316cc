//! The parameter `limit`.

use crate::input::PositiveInteger;
use shared::validation::{Field, Reason, Value};
use std::fmt;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The default of `limit`.
const DEFAULT_LIMIT: usize = 50;
/// The largest page; a larger `limit` is taken as this.
const MAX_LIMIT: usize = 200;

/// The `limit` of a list: from 1 to 200, or to another `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<const MAX: usize = MAX_LIMIT>(usize);

impl<const MAX: usize> Limit<MAX> {
    /// The number of objects on a page.
    pub const fn get(self) -> usize {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl<const MAX: usize> fmt::Display for Limit<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MAX: usize> Field for Limit<MAX> {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let number = PositiveInteger::parse(value)?.get();
        Ok(Self(usize::try_from(number).unwrap_or(MAX).min(MAX)))
    }
}

impl<const MAX: usize> PartialSchema for Limit<MAX> {
    fn schema() -> RefOr<Schema> {
        PositiveInteger::schema()
    }
}

impl<const MAX: usize> ToSchema for Limit<MAX> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_above_200_is_200_and_one_below_1_is_refused() {
        let limit = |text: &str| <Limit>::parse(Value::Text(text)).map(Limit::get).ok();
        assert_eq!(limit("1"), Some(1));
        assert_eq!(limit("200"), Some(200));
        assert_eq!(limit("201"), Some(200));
        assert_eq!(limit("99999999999999999999999999"), Some(200));
        assert_eq!(Limit::<1_000>::parse(Value::Text("1001")).map(Limit::get).ok(), Some(1_000));
        for wrong in ["0", "-1", "-99999999999999999999999", "", "ten", "1.0", "1e2", " 1", "+"] {
            assert_eq!(limit(wrong), None, "{wrong}");
        }
    }
}
