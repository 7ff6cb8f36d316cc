//! Tags of chats.

use super::json_text::json_text;
use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::validation::{Field, Reason, TextField, Value, text};
use std::collections::HashSet;
use std::fmt;
use std::ops::RangeInclusive;
use utoipa::openapi::{ArrayBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const TAG_CHARACTERS: RangeInclusive<usize> = 1..=50;
/// The most tags of a chat.
const MAX_TAGS: usize = 20;

/// A tag of 1 to 50 characters, as it was sent; its case counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(String);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TextField for Tag {
    fn parse(text: String) -> Result<Self, Reason> {
        text::characters(&text, &TAG_CHARACTERS)?;
        Ok(Self(text))
    }
}

impl PartialSchema for Tag {
    fn schema() -> RefOr<Schema> {
        text::characters_schema(&TAG_CHARACTERS).into()
    }
}

impl ToSchema for Tag {}

/// At most 20 different tags, in the order in which they were sent.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(transparent)]
pub struct Tags(Vec<Tag>);

json_text!(Tags);

impl Tags {
    /// Whether this tag is among them.
    pub fn contains(&self, tag: &Tag) -> bool {
        self.0.contains(tag)
    }

    /// The bytes of their texts.
    pub fn text_bytes(&self) -> usize {
        self.0.iter().map(|tag| tag.0.len()).sum()
    }
}

impl Field for Tags {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let items = value.json().and_then(first_items);
        let items = items.ok_or_else(|| Reason::new("list_type", "Input should be a valid list"))?;
        if items.len() > MAX_TAGS {
            return Err(Reason::new("too_long", format!("List should have at most {MAX_TAGS} items")));
        }
        let tags = items.into_iter().map(|item| <Tag as Field>::parse(Value::Json(item.get())));
        let tags = tags.collect::<Result<Vec<_>, _>>()?;
        if tags.iter().collect::<HashSet<_>>().len() < tags.len() {
            return Err(Reason::value_error("the items must differ"));
        }
        Ok(Self(tags))
    }
}

impl PartialSchema for Tags {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(Tag::schema()).max_items(Some(MAX_TAGS)).into()
    }
}

impl ToSchema for Tags {}

/// The items of a JSON array, of a longer one the first 21; `None` if it is no array.
fn first_items(json: &str) -> Option<Vec<&RawValue>> {
    serde_json::Deserializer::from_str(json).deserialize_seq(FirstItems).ok()
}

struct FirstItems;

impl<'de> Visitor<'de> for FirstItems {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element()? {
            if items.len() <= MAX_TAGS {
                items.push(item);
            }
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(tags: &serde_json::Value) -> Result<Vec<String>, String> {
        let tags = Tags::parse(Value::Json(&tags.to_string()));
        tags.map(|tags| tags.0.into_iter().map(|Tag(tag)| tag).collect())
            .map_err(|reason| reason.kind.into_owned())
    }

    #[test]
    fn tags_are_kept_as_they_were_sent() {
        for tags in [json!([]), json!(["b", "a", "A", " a", "é", "e\u{301}"]), json!(["🌳".repeat(50)])] {
            assert_eq!(json!(parse(&tags).unwrap()), tags);
        }
        let most: Vec<_> = (0..20).map(|n| n.to_string()).collect();
        assert_eq!(parse(&json!(most)).unwrap(), most);
    }

    #[test]
    fn other_values_are_refused() {
        let too_many: Vec<_> = (0..21).map(|n| n.to_string()).collect();
        for (tags, kind) in [
            (json!(null), "list_type"),
            (json!("a"), "list_type"),
            (json!({"0": "a"}), "list_type"),
            (json!(too_many), "too_long"),
            (json!(["a", "b", "a"]), "value_error"),
            (json!(["a", null]), "string_type"),
            (json!([1]), "string_type"),
            (json!([["a"]]), "string_type"),
            (json!([""]), "string_too_short"),
            (json!(["🌳".repeat(51)]), "string_too_long"),
            (json!(["\0"]), "value_error"),
        ] {
            assert_eq!(parse(&tags).unwrap_err(), kind, "{tags}");
        }
        assert_eq!(Tags::parse(Value::Json(r#"["\ud800"]"#)).unwrap_err().kind, "string_unicode");
        assert_eq!(Tags::parse(Value::Text("[]")).unwrap_err().kind, "list_type");
    }

    #[test]
    fn of_many_items_only_the_first_are_held() {
        let many = format!("[{}1]", "1,".repeat(1 << 20));
        assert_eq!(first_items(&many).unwrap().len(), MAX_TAGS + 1);
    }
}
