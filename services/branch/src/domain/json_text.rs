//! JSON that is kept as the text that was sent: keys, numbers and order are kept on every engine.
//!
//! It decodes nothing and recurses nowhere, so any depth of nesting is fine.

use shared::validation::{Reason, Value};

/// The text of a JSON object of at most so many bytes.
pub(super) fn object(value: Value<'_>, max_bytes: usize) -> Result<String, Reason> {
    let not_an_object = || Reason::new("dict_type", "Input should be a valid dictionary");
    let json = value.json().filter(|json| json.starts_with('{')).ok_or_else(not_an_object)?;
    storable(json, "Dictionary", max_bytes)
}

/// The text of a JSON array of at most so many bytes.
pub(super) fn array(value: Value<'_>, max_bytes: usize) -> Result<String, Reason> {
    let not_an_array = || Reason::new("list_type", "Input should be a valid list");
    let json = value.json().filter(|json| json.starts_with('[')).ok_or_else(not_an_array)?;
    storable(json, "List", max_bytes)
}

fn storable(json: &str, kind: &str, max_bytes: usize) -> Result<String, Reason> {
    if json.len() > max_bytes {
        let message = format!("{kind} should have at most {max_bytes} bytes of JSON text");
        return Err(Reason::new("too_long", message));
    }
    if !is_storable(json) {
        return Err(Reason::value_error("the texts must not contain NUL characters or lone surrogates"));
    }
    Ok(json.to_owned())
}

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
