//! The metadata that a client keeps with a message: a JSON object, as text.

use super::json_text::object;
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
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        object(value, MAX_METADATA_BYTES).map(Self)
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
