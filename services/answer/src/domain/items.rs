//! Items: what a pair of texts cannot hold, as raw messages of chat completions.

use serde_json::Value as Json;
use shared::validation::{Field, Reason, Value};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The most bytes of the JSON text of items.
const MAX_ITEM_BYTES: usize = 1 << 20;

/// The items of a question: an array of objects, of at most 1 MiB.
#[derive(Debug, Clone, PartialEq)]
pub struct InputItems(pub Json);

impl Field for InputItems {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let json = value.json().ok_or_else(not_a_list)?;
        let too_long = || Reason::new("too_long", "List should have at most 1048576 bytes of JSON text");
        if json.len() > MAX_ITEM_BYTES {
            return Err(too_long());
        }
        let items: Json = serde_json::from_str(json)
            .map_err(|_| Reason::value_error("the items are nested too deeply, or have lone surrogates"))?;
        let is_list = items.as_array().is_some_and(|items| items.iter().all(Json::is_object));
        if !is_list {
            return Err(not_a_list());
        }
        // Numbers such as 1e15 are written with more characters than they came with.
        if items.to_string().len() > MAX_ITEM_BYTES {
            return Err(too_long());
        }
        if has_nul(&items) {
            return Err(Reason::value_error("the texts must not contain NUL characters"));
        }
        Ok(Self(items))
    }
}

fn not_a_list() -> Reason {
    Reason::new("list_type", "Input should be a valid list of objects")
}

impl PartialSchema for InputItems {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::Object)).into()
    }
}

impl ToSchema for InputItems {}

fn any(value: &Json, matches: &impl Fn(&Json) -> bool) -> bool {
    matches(value)
        || match value {
            Json::Array(values) => values.iter().any(|value| any(value, matches)),
            Json::Object(members) => members.values().any(|value| any(value, matches)),
            _ => false,
        }
}

fn has_nul(value: &Json) -> bool {
    any(value, &|value| match value {
        Json::String(text) => text.contains('\0'),
        Json::Object(members) => members.keys().any(|name| name.contains('\0')),
        _ => false,
    })
}

/// Whether there is an image among the items.
pub fn has_images(items: &Json) -> bool {
    any(items, &super::is_image)
}

/// The same without NUL characters, which not every engine stores.
#[must_use]
pub fn without_nul(value: Json) -> Json {
    match value {
        Json::String(text) if text.contains('\0') => Json::String(text.replace('\0', "\u{fffd}")),
        Json::Array(values) => values.into_iter().map(without_nul).collect(),
        Json::Object(members) => {
            let clean = |(name, value): (String, Json)| (name.replace('\0', "\u{fffd}"), without_nul(value));
            Json::Object(members.into_iter().map(clean).collect())
        }
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn images_are_found_at_any_depth() {
        let part = json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}});
        assert!(has_images(
            &json!([{"role": "user", "content": [{"type": "text", "text": "image_url"}, part]}])
        ));
        assert!(!has_images(&json!([{"role": "user", "content": "image_url"}])));
    }

    #[test]
    fn items_are_a_list_of_objects_without_nul() {
        let parse =
            |json: &str| InputItems::parse(Value::Json(json)).map_err(|reason| reason.kind.into_owned());
        assert!(parse(r#"[{"role": "tool", "content": "4"}]"#).is_ok());
        assert_eq!(parse("{}").unwrap_err(), "list_type");
        assert_eq!(parse("[1]").unwrap_err(), "list_type");
        assert_eq!(parse(r#"[{"a": "\u0000"}]"#).unwrap_err(), "value_error");
        let numbers = format!("[{{\"a\": [{}1]}}]", "1e15,".repeat(100_000));
        assert_eq!(parse(&numbers).unwrap_err(), "too_long");
        assert_eq!(without_nul(json!({"a\0": ["\0"]})), json!({"a\u{fffd}": ["\u{fffd}"]}));
    }
}
