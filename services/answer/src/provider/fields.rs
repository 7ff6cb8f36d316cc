//! Reads JSON of servers that differ: a field with another type counts as absent.

use serde_json::Value;

/// The non-empty text of a field.
pub(super) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// The first of these fields that is a number which is not negative, also if it is written as a text.
pub(super) fn count(object: &Value, names: &[&str]) -> Option<i64> {
    let numbers = names.iter().filter_map(|name| object.get(name));
    numbers
        .filter_map(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()))
        .find(|count| *count >= 0)
}

/// The objects of a field that is an array.
pub(super) fn array<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
