//! Tags of chats and branches.

use crate::validation::{Field, Reason, TextField, Value, text};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::fmt;
use std::ops::RangeInclusive;
use utoipa::openapi::{ArrayBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const TAG_CHARACTERS: RangeInclusive<usize> = 1..=50;
const MAX_TAGS: usize = 20;
/// The JSON text that is parsed: five times what the longest tags take, each character as two escapes.
const MAX_JSON_BYTES: usize = 64 << 10;

/// A tag: 1 to 50 characters, as they were sent. Case counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(String);

impl TextField for Tag {
    fn parse(text: String) -> Result<Self, Reason> {
        text::characters(&text, &TAG_CHARACTERS)?;
        Ok(Self(text))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialSchema for Tag {
    fn schema() -> RefOr<Schema> {
        text::characters_schema(&TAG_CHARACTERS).into()
    }
}

impl ToSchema for Tag {}

/// The tags of a chat or a branch: at most 20, each once, in the order in which they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "diesel", derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow))]
#[cfg_attr(feature = "diesel", diesel(sql_type = diesel::sql_types::Text))]
#[serde(transparent)]
pub struct Tags(Vec<Tag>);

#[cfg(feature = "diesel")]
crate::json_text!(Tags);

impl Tags {
    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is one of them.
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
        let no_list = || Reason::new("list_type", "Input should be a valid list");
        let too_long = || Reason::new("too_long", "List should have at most 20 items");
        let json = value.json().filter(|json| json.starts_with('[')).ok_or_else(no_list)?;
        if json.len() > MAX_JSON_BYTES {
            return Err(too_long());
        }
        let items: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| no_list())?;
        if items.len() > MAX_TAGS {
            return Err(too_long());
        }
        let tag = |item: &RawValue| <Tag as Field>::parse(Value::Json(item.get()));
        let tags = items.into_iter().map(tag).collect::<Result<Vec<_>, _>>()?;
        if tags.iter().collect::<HashSet<_>>().len() < tags.len() {
            return Err(Reason::value_error("a tag must not come twice"));
        }
        Ok(Self(tags))
    }
}

impl PartialSchema for Tags {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(Tag::schema()).max_items(Some(MAX_TAGS)).unique_items(true).into()
    }
}

impl ToSchema for Tags {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tags as JSON, or the kind of error.
    fn parse(json: &str) -> Result<String, String> {
        let tags = Tags::parse(Value::Json(json)).map_err(|reason| reason.kind.into_owned())?;
        let json = serde_json::to_string(&tags).unwrap();
        assert_eq!(serde_json::from_str::<Tags>(&json).unwrap(), tags);
        Ok(json)
    }

    #[test]
    fn tags_are_kept_as_they_were_sent() {
        let most = serde_json::json!((0..20).map(|n| format!("{n:0>50}")).collect::<Vec<_>>()).to_string();
        for json in ["[]", r#"["b","a","A"," a "]"#, r#"["\"","é😀"]"#, &most] {
            assert_eq!(parse(json).unwrap(), json);
        }
        assert_eq!(parse(r#"[ "a" , "b" ]"#).unwrap(), r#"["a","b"]"#);
    }

    #[test]
    fn a_list_of_other_things_or_of_too_many_is_refused() {
        let long = serde_json::json!(["x".repeat(51)]).to_string();
        let many = serde_json::json!((0..21).map(|n| n.to_string()).collect::<Vec<_>>()).to_string();
        let larger = format!("[{}1]", "1,".repeat(1 << 20));
        for (json, kind) in [
            ("null", "list_type"),
            (r#""a""#, "list_type"),
            ("{}", "list_type"),
            ("[1]", "string_type"),
            ("[null]", "string_type"),
            (r#"[""]"#, "string_too_short"),
            (&*long, "string_too_long"),
            (&*many, "too_long"),
            (&*larger, "too_long"),
            (r#"["a","b","a"]"#, "value_error"),
            (r#"["\u0000"]"#, "value_error"),
            (r#"["\ud800"]"#, "string_unicode"),
        ] {
            assert_eq!(parse(json).unwrap_err(), kind, "{json:.40}");
        }
    }
}
