//! The messages that a request names.

use serde_json::value::RawValue;
use shared::ids::ResponseId;
use shared::validation::{Field, Reason, Value};
use std::ops::RangeInclusive;
use utoipa::openapi::{ArrayBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const ID_COUNT: RangeInclusive<usize> = 1..=100;

/// The ids of 1 to 100 messages, in the order in which they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseIds(pub Vec<ResponseId>);

impl Field for ResponseIds {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let not_a_list = || Reason::new("list_type", "Input should be a valid list");
        let json = value.json().filter(|json| json.starts_with('[')).ok_or_else(not_a_list)?;
        let ids: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| not_a_list())?;
        if ids.len() < *ID_COUNT.start() {
            return Err(Reason::new("too_short", "List should have at least 1 item"));
        }
        if ids.len() > *ID_COUNT.end() {
            return Err(Reason::new("too_long", "List should have at most 100 items"));
        }
        ids.into_iter().map(|id| ResponseId::parse(Value::Json(id.get()))).collect::<Result<_, _>>().map(Self)
    }
}

impl PartialSchema for ResponseIds {
    fn schema() -> RefOr<Schema> {
        let ids = ArrayBuilder::new().items(ResponseId::schema());
        ids.min_items(Some(*ID_COUNT.start())).max_items(Some(*ID_COUNT.end())).into()
    }
}

impl ToSchema for ResponseIds {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_1_to_100_ids_in_their_order() {
        let ids: Vec<_> = (0..101).map(|_| ResponseId::generate()).collect();
        let parse =
            |ids: &[ResponseId]| ResponseIds::parse(Value::Json(&serde_json::to_string(ids).unwrap()));
        for count in [1, 2, 100] {
            assert_eq!(parse(&ids[..count]).unwrap().0, ids[..count]);
        }
        assert_eq!(parse(&[]).unwrap_err().kind, "too_short");
        assert_eq!(parse(&ids).unwrap_err().kind, "too_long");
        for (json, kind) in
            [("{}", "list_type"), ("null", "list_type"), (r#"["x"]"#, "uuid_parsing"), ("[1]", "uuid_type")]
        {
            assert_eq!(ResponseIds::parse(Value::Json(json)).unwrap_err().kind, kind);
        }
    }
}
