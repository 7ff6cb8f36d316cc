//! Integers from 1 on, as parameters.

use shared::validation::{Field, Reason, Value};
use std::fmt;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The smallest value.
const MIN_VALUE: i64 = 1;

/// An integer from 1 on; a larger one than can be stored is taken as the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositiveInteger(i64);

impl PositiveInteger {
    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for PositiveInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Field for PositiveInteger {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let text = value.string()?;
        let too_small = || Reason::new("greater_than_equal", "Input should be greater than or equal to 1");
        let no_integer = || {
            Reason::new(
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer",
            )
        };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(&text)),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(no_integer());
        }
        let number = digits.parse().unwrap_or(i64::MAX);
        if negative || number < MIN_VALUE { Err(too_small()) } else { Ok(Self(number)) }
    }
}

impl PartialSchema for PositiveInteger {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(MIN_VALUE))
            .into()
    }
}

impl ToSchema for PositiveInteger {}
