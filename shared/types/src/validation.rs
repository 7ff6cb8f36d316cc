//! Validation of a single field: how it becomes a value, and rules that several types share.

use std::borrow::Cow;

/// A validation error: pydantic's type of error, and a message that does not echo the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The type of error, by pydantic's names.
    pub kind: Cow<'static, str>,
    /// The message, for people.
    pub msg: Cow<'static, str>,
}

impl Reason {
    /// An error of one of pydantic's types.
    pub fn new(kind: &'static str, msg: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: kind.into(), msg: msg.into() }
    }

    /// An error that pydantic has no type for.
    pub fn value_error(msg: &str) -> Self {
        Self::new("value_error", format!("Value error, {msg}"))
    }

    /// The message, for people.
    pub fn message(&self) -> &str {
        &self.msg
    }

    /// The field is absent.
    pub fn missing() -> Self {
        Self::new("missing", "Field required")
    }

    /// The value is not an object.
    pub fn not_an_object() -> Self {
        Self::new(
            "model_attributes_type",
            "Input should be a valid dictionary or object to extract fields from",
        )
    }

    /// The text has fewer than `min` units.
    pub(crate) fn too_short(min: usize, unit: &str) -> Self {
        Self::new("string_too_short", format!("String should have at least {}", counted(min, unit)))
    }

    /// The text has more than `max` units.
    pub fn too_long(max: usize, unit: &str) -> Self {
        Self::new("string_too_long", format!("String should have at most {}", counted(max, unit)))
    }
}

fn counted(n: usize, unit: &str) -> String {
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// The raw value of a field: JSON from a body, text from a path, a query or a form.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Valid JSON as it was sent, without space around it.
    Json(&'a str),
    /// Decoded text.
    Text(&'a str),
    /// Bytes that are not UTF-8 once they are decoded.
    NotUtf8,
}

impl<'a> Value<'a> {
    /// Whether this is JSON's null.
    pub fn is_null(self) -> bool {
        matches!(self, Self::Json("null"))
    }

    /// The JSON text as it was sent; `None` for plain text.
    pub fn json(self) -> Option<&'a str> {
        match self {
            Self::Json(json) => Some(json),
            Self::Text(_) | Self::NotUtf8 => None,
        }
    }

    /// The text, without NUL and lone surrogates, which not every engine stores.
    pub fn string(self) -> Result<String, Reason> {
        let text = match self {
            Self::Text(text) => text.to_owned(),
            Self::Json(json) if json.starts_with('"') => serde_json::from_str(json).map_err(|_| {
                Reason::new("string_unicode", "Input should be a valid string without lone surrogates")
            })?,
            Self::NotUtf8 => return Err(Reason::new("string_unicode", "Input should be valid UTF-8")),
            Self::Json(_) => return Err(Reason::new("string_type", "Input should be a valid string")),
        };
        if text.contains('\0') {
            return Err(Reason::value_error("the text must not contain NUL characters"));
        }
        Ok(text)
    }
}

/// A type of a field.
pub trait Field: Sized {
    /// Parses the value.
    fn parse(value: Value<'_>) -> Result<Self, Reason>;
}

/// A type of the domain that is parsed from a text.
pub trait TextField: Sized {
    /// Parses the text, which is exactly as it was sent.
    fn parse(text: String) -> Result<Self, Reason>;
}

/// A type that is parsed from a text by rules that are configured.
pub trait ConfiguredField: Sized {
    /// The rules; their default counts where none are configured.
    type Rules: Clone + Default + 'static;

    /// Parses the text.
    fn parse(text: String, rules: Self::Rules) -> Result<Self, Reason>;
}

impl<T: TextField> Field for T {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        T::parse(value.string()?)
    }
}

impl Field for String {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        value.string()
    }
}

impl Field for bool {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        match value {
            Value::Json(json) => match json {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(Reason::new("bool_type", "Input should be a valid boolean")),
            },
            value => match value.string()?.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" | "t" | "y" => Ok(true),
                "false" | "0" | "no" | "off" | "f" | "n" => Ok(false),
                _ => Err(Reason::new(
                    "bool_parsing",
                    "Input should be a valid boolean, unable to interpret input",
                )),
            },
        }
    }
}

/// Rules of texts that more than one type has.
pub mod text {
    use super::Reason;
    use std::ops::RangeInclusive;
    use utoipa::openapi::ObjectBuilder;
    use utoipa::openapi::schema::Type;

    /// Requires a number of characters (Unicode scalar values) within `bounds`.
    pub fn characters(text: &str, bounds: &RangeInclusive<usize>) -> Result<(), Reason> {
        let count = text.chars().count();
        if count < *bounds.start() {
            return Err(Reason::too_short(*bounds.start(), "character"));
        }
        if count > *bounds.end() {
            return Err(Reason::too_long(*bounds.end(), "character"));
        }
        Ok(())
    }

    /// Requires at most `max` bytes of UTF-8.
    pub fn bytes(text: &str, max: usize) -> Result<(), Reason> {
        if text.len() > max { Err(Reason::too_long(max, "byte")) } else { Ok(()) }
    }

    /// The schema of a text with a number of characters within `bounds`.
    pub fn characters_schema(bounds: &RangeInclusive<usize>) -> ObjectBuilder {
        bytes_schema(*bounds.end()).min_length(Some(*bounds.start()))
    }

    /// The schema of a text of at most `max` bytes, which has no more characters than that.
    pub fn bytes_schema(max: usize) -> ObjectBuilder {
        ObjectBuilder::new().schema_type(Type::String).max_length(Some(max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json<T: Field>(text: &str) -> Result<T, Cow<'static, str>> {
        T::parse(Value::Json(text)).map_err(|reason| reason.kind)
    }

    #[test]
    fn a_text_is_taken_as_it_was_sent_without_nul_and_lone_surrogates() {
        assert_eq!(json::<String>(r#"" \u00e9 \ud83c\udf33 ""#).unwrap(), " é 🌳 ");
        assert_eq!(json::<String>(r#""\ud83c""#).unwrap_err(), "string_unicode");
        assert_eq!(json::<String>(r#""a\u0000b""#).unwrap_err(), "value_error");
        assert_eq!(json::<String>("1").unwrap_err(), "string_type");
        assert_eq!(json::<String>("null").unwrap_err(), "string_type");
    }

    #[test]
    fn a_boolean_is_true_or_false_in_json_and_a_word_in_a_query() {
        assert!(json::<bool>("true").unwrap());
        assert_eq!(json::<bool>(r#""true""#).unwrap_err(), "bool_type");
        assert!(!bool::parse(Value::Text("False")).unwrap());
        assert_eq!(bool::parse(Value::Text("maybe")).unwrap_err().kind, "bool_parsing");
    }

    #[test]
    fn length_is_counted_in_characters_and_not_in_bytes() {
        assert!(text::characters("🌳🌳", &(1..=2)).is_ok());
        assert_eq!(text::characters("", &(1..=2)).unwrap_err(), Reason::too_short(1, "character"));
        assert_eq!(text::characters("abc", &(1..=2)).unwrap_err(), Reason::too_long(2, "character"));
    }
}
