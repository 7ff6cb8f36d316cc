//! The metadata that a client keeps with a message: a JSON object, as text.

use serde_json::json;
use shared::validation::{Field, Reason, Value};
use utoipa::openapi::schema::{AdditionalProperties, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// How many bytes of JSON text a message's metadata may have.
const MAX_METADATA_BYTES: usize = 16 << 10;

/// A JSON object, as the text that was sent: keys, numbers and order are kept on every engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata(String);

impl Metadata {
    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Field for Metadata {
    /// Decodes nothing and recurses nowhere, so any depth of nesting is fine.
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let Some(json) = value.json().filter(|json| json.starts_with('{')) else {
            return Err(Reason::new("dict_type", "Input should be a valid dictionary"));
        };
        if json.len() > MAX_METADATA_BYTES {
            return Err(Reason::new("too_long", "Dictionary should have at most 16384 bytes of JSON text"));
        }
        if !is_storable(json) {
            return Err(Reason::value_error("the texts must not contain NUL characters or lone surrogates"));
        }
        Ok(Self(json.to_owned()))
    }
}

impl Default for Metadata {
    /// The metadata of a message that was sent without: `{}`.
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

/// An object of any members, which the derive can only write for maps.
impl PartialSchema for Metadata {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .description(Some("As it was sent"))
            .examples([json!({"model": "fig-1"})])
            .into()
    }
}

impl ToSchema for Metadata {}

/// Whether the escapes of a well-formed JSON text all stand for characters that every engine keeps.
///
/// A backslash is only found within strings, and unescaped NUL in none.
fn is_storable(json: &str) -> bool {
    let mut rest = json;
    while let Some((_, escape)) = rest.split_once('\\') {
        let Some(unit) = code_unit(escape) else {
            // A short escape: the character after the backslash is done with, lest `\\` be taken for a new one.
            rest = escape.get(1..).unwrap_or_default();
            continue;
        };
        let after = escape.get(5..).unwrap_or_default();
        rest = match unit {
            0 | 0xDC00..=0xDFFF => return false,
            0xD800..=0xDBFF => {
                match after.strip_prefix('\\').filter(|low| code_unit(low).is_some_and(is_low_surrogate)) {
                    Some(low) => low.get(5..).unwrap_or_default(),
                    None => return false,
                }
            }
            _ => after,
        };
    }
    true
}

/// The code unit of an escape of the form `uXXXX`.
fn code_unit(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix('u')?.get(..4)?, 16).ok()
}

const fn is_low_surrogate(unit: u16) -> bool {
    matches!(unit, 0xDC00..=0xDFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The metadata, or the kind of error.
    fn parse(json: &str) -> Result<Metadata, Reason> {
        Metadata::parse(Value::Json(json.trim()))
    }

    fn object(value: &str) -> String {
        format!(r#"{{"a": {value}}}"#)
    }

    #[test]
    fn metadata_keeps_the_text_of_an_object() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(2_000) + "1", "}".repeat(2_000));
        let odd =
            r#"{"$a":1e400,"b.c":-0.0,"":[1.10],"":null,"\\u0000":"\\ud800 \" \u00e9 \ud83d\ude00 😀"}"#;
        for json in ["{}", "{ }", odd, &deep] {
            assert_eq!(parse(json).unwrap().as_str(), json);
        }
        assert_eq!(parse(" {}\n").unwrap(), Metadata::default());
    }

    #[test]
    fn metadata_refuses_everything_but_objects() {
        for json in ["null", "[]", "1", r#""{}""#, "true"] {
            assert_eq!(
                parse(json).unwrap_err(),
                Reason::new("dict_type", "Input should be a valid dictionary")
            );
        }
        assert!(Metadata::parse(Value::Text("{}")).is_err());
    }

    #[test]
    fn metadata_refuses_more_than_16_kib() {
        let object = |bytes: usize| object(&format!(r#""{}""#, "x".repeat(bytes - object(r#""""#).len())));
        assert!(parse(&object(MAX_METADATA_BYTES)).is_ok());
        assert!(parse(&object(MAX_METADATA_BYTES + 1)).is_err());
    }

    #[test]
    fn metadata_refuses_nul_and_lone_surrogates() {
        for text in [
            r"\u0000",
            r"\ud800",
            r"\uDC00",
            r"\ud83dx",
            r"\ud83d\n",
            r"\ud83d\ud83d\ude00",
            r"\ud83d\u0041",
            r"\\\u0000",
            r"\ude00\ud83d",
        ] {
            let value = format!(r#""{text}""#);
            for json in [object(&value), format!("{{{value}: 1}}"), object(&format!("[[{value}]]"))] {
                assert!(parse(&json).is_err(), "{json}");
            }
        }
    }
}
