//! A JSON object, of which only known members are kept.

use super::json_error::position;
use crate::input::errors::invalid;
use crate::problem::{FieldError, Problem};
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use shared::validation::Reason;
use std::collections::HashMap;
use std::fmt;

/// The members of these names, as they were sent; of a repeated one the last. All others are parsed and dropped.
pub(super) fn parse_object<'a>(
    bytes: &'a [u8],
    names: &[&'static str],
) -> Result<HashMap<&'static str, &'a RawValue>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
    if text.trim_matches([' ', '\t', '\n', '\r']).is_empty() {
        return Err(invalid(&["body"], "missing", "Field required"));
    }
    // The whole text is parsed first, to tell an array from invalid JSON.
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| malformed(text))?;
    if !raw.get().starts_with('{') {
        let Reason { kind, msg } = Reason::not_an_object();
        return Err(Problem::validation(vec![FieldError { kind, loc: vec!["body".into()], msg }]));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Members(names)).map_err(|_| malformed(text))
}

/// 422, for bytes that are not UTF-8.
fn not_utf8() -> Problem {
    invalid(&["body"], "json_invalid", "JSON decode error: the body is not UTF-8")
}

fn malformed(text: &str) -> Problem {
    let position = position(text).unwrap_or_default();
    let loc = vec!["body".into(), position.into()];
    Problem::validation(vec![FieldError {
        kind: "json_invalid".into(),
        loc,
        msg: "JSON decode error".into(),
    }])
}

struct Members<'n>(&'n [&'static str]);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = HashMap<&'static str, &'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = HashMap::new();
        while let Some(name) = map.next_key_seed(Name(self.0))? {
            match name {
                Some(name) => drop(members.insert(name, map.next_value()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(members)
    }
}

/// One of these names. It is read as bytes, as an unknown name with lone surrogates is no error.
struct Name<'n>(&'n [&'static str]);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<&'static str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().copied().find(|known| known.as_bytes() == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["name", "ä"];

    fn members(json: &str) -> Option<HashMap<&'static str, String>> {
        let members = parse_object(json.as_bytes(), &NAMES).ok()?;
        Some(members.into_iter().map(|(name, raw)| (name, raw.get().to_owned())).collect())
    }

    #[test]
    fn only_known_members_are_kept_and_of_a_repeated_one_the_last() {
        let nothing = HashMap::new();
        for (json, name) in [
            (r#"{"name": 1, "other": {"name": 2}}"#, Some("1")),
            (r#"{"name": 1, "n\u0061me": "\u00e9"}"#, Some(r#""\u00e9""#)),
            (r#"{"\ud800": 1, "name": [ 1 ], "\ud800name": 2}"#, Some("[ 1 ]")),
            (" {} \r\n", None),
            (r#"{"Name": 1, "": 2, "nam": 3}"#, None),
        ] {
            let expected = name.map(|name| HashMap::from([("name", name.to_owned())]));
            assert_eq!(members(json).as_ref(), Some(expected.as_ref().unwrap_or(&nothing)), "{json}");
        }
        assert_eq!(members(r#"{"\u00e4": null}"#), Some(HashMap::from([("ä", "null".to_owned())])));
        for wrong in ["", " ", "[]", "1", "null", r#"{"name": 1"#, r#"{"name": 1} x"#, "{\"a\": }"] {
            assert_eq!(members(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn unknown_members_of_16_mib_are_dropped() {
        let many = |size: usize| "\"a\":1,".repeat(size / 6) + "\"name\":1";
        let size = 16 << 20;
        let deep = format!("\"a\":{}{}", "[".repeat(size / 2 - 10), "]".repeat(size / 2 - 10));
        for inner in [many(size - 20), deep, format!("\"a\":\"{}\"", "\\n".repeat(size / 2 - 10))] {
            assert!(members(&format!("{{{inner}}}")).is_some());
        }
    }
}
