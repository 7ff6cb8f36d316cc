//! What a message has beside its texts where a model has answered it: how, and the items of both sides.

use super::json_text::{array, object};
use shared::validation::{Field, Reason, Value};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The most bytes of JSON text of the record of a generation.
const MAX_GENERATION_BYTES: usize = 16 << 10;
/// The most bytes of JSON text of the items of one side.
const MAX_ITEMS_BYTES: usize = 1 << 20;

/// What a message has beside its texts where a model has answered it. No client writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerDetails {
    /// The record of how the response was generated: a JSON object, as text.
    pub generation: Option<String>,
    /// The raw items of the question, such as images and results of tool calls: a JSON array, as text.
    pub input_items: Option<String>,
    /// The raw items of the response, such as tool calls: a JSON array, as text.
    pub output_items: Option<String>,
}

impl AnswerDetails {
    /// The details that a request has.
    pub fn new(
        generation: GenerationRecord,
        input_items: Option<ItemList>,
        output_items: Option<ItemList>,
    ) -> Self {
        Self {
            generation: Some(generation.0),
            input_items: input_items.map(|items| items.0),
            output_items: output_items.map(|items| items.0),
        }
    }

    /// The bytes of its items.
    pub fn item_bytes(&self) -> usize {
        [&self.input_items, &self.output_items].into_iter().flatten().map(String::len).sum()
    }
}

/// The bytes of the texts and the items of a message, as they are stored: never 0, which tells of a scrub.
pub fn stored_text_bytes(question: &str, response: &str, details: &AnswerDetails) -> i64 {
    let bytes = question.len() + response.len() + details.item_bytes();
    i64::try_from(bytes.max(1)).unwrap_or(i64::MAX)
}

/// The record of a generation: a JSON object of at most 16 KiB, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationRecord(String);

impl Field for GenerationRecord {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        object(value, MAX_GENERATION_BYTES).map(Self)
    }
}

impl PartialSchema for GenerationRecord {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Object).into()
    }
}

impl ToSchema for GenerationRecord {}

/// The items of one side of a message: a JSON array of at most 1 MiB, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemList(String);

impl Field for ItemList {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        array(value, MAX_ITEMS_BYTES).map(Self)
    }
}

impl PartialSchema for ItemList {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().into()
    }
}

impl ToSchema for ItemList {}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(json: &str) -> Result<ItemList, Reason> {
        ItemList::parse(Value::Json(json))
    }

    #[test]
    fn items_are_an_array_of_at_most_1_mib() {
        let array = |bytes: usize| format!(r#"["{}"]"#, "x".repeat(bytes - 4));
        for json in ["[]", r#"[{"a":1.10},null]"#, &array(MAX_ITEMS_BYTES)] {
            assert_eq!(items(json).unwrap().0, json);
        }
        assert_eq!(items(&array(MAX_ITEMS_BYTES + 1)).unwrap_err().kind, "too_long");
        for json in ["{}", "null", r#""[]""#] {
            assert_eq!(items(json).unwrap_err().kind, "list_type");
        }
        assert_eq!(items(r#"["\u0000"]"#).unwrap_err().kind, "value_error");
    }

    #[test]
    fn a_record_is_an_object() {
        assert!(GenerationRecord::parse(Value::Json(r#"{"model":"fig-1"}"#)).is_ok());
        for json in ["[]", "null"] {
            assert_eq!(GenerationRecord::parse(Value::Json(json)).unwrap_err().kind, "dict_type");
        }
    }

    #[test]
    fn items_count_and_nothing_counts_as_one_byte() {
        let details = AnswerDetails { input_items: Some("[1]".to_owned()), ..AnswerDetails::default() };
        assert_eq!(stored_text_bytes("ab", "c", &details), 6);
        assert_eq!(stored_text_bytes("", "", &AnswerDetails::default()), 1);
    }
}
