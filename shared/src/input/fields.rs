//! The fields of one part of a request, each read once, each error kept.

use super::field_types::{Field, Reason, Value};
use crate::problem::{FieldError, Problem};
use actix_web::HttpRequest;
use actix_web::web::Data;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::collections::HashMap;

/// A sign that a field was wrong, which [`Fields`] has taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid;

/// Something that is read from the fields of a path, a query or a JSON object.
pub trait FromFields: Sized {
    /// Whether there is anything to read; a body that is not described is not looked at.
    const IS_READ: bool = true;

    /// Reads every field first and looks at the results then, so that no error hides another.
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid>;
}

impl FromFields for () {
    const IS_READ: bool = false;

    fn from_fields(_: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(())
    }
}

/// The fields of one part of a request. Those that nobody asks for are ignored.
#[derive(Debug)]
pub struct Fields<'a> {
    request: &'a HttpRequest,
    part: &'static str,
    values: HashMap<Cow<'a, str>, Value<'a>>,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        request: &'a HttpRequest,
        part: &'static str,
        values: HashMap<Cow<'a, str>, Value<'a>>,
    ) -> Self {
        Self { request, part, values, errors: Vec::new() }
    }

    /// What the service has set up for its requests (`app_data`), for rules that are configured.
    pub fn setting<T: Clone + Default + 'static>(&self) -> T {
        let data = self.request.app_data::<Data<T>>();
        data.map(|data| data.get_ref().clone()).unwrap_or_default()
    }

    /// A field that must be there, and not null.
    pub fn required<T: Field>(&mut self, name: &'static str) -> Result<T, Invalid> {
        match self.values.get(name) {
            None => Err(self.reject(name, Reason::missing())),
            Some(&value) => self.parse(name, value),
        }
    }

    /// A text that must be there, with a rule that is only known now.
    pub fn required_text<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(String) -> Result<T, Reason>,
    ) -> Result<T, Invalid> {
        let text = self.required(name)?;
        parse(text).map_err(|reason| self.reject(name, reason))
    }

    /// A field that may be left out; null is as good as that.
    pub fn optional<T: Field>(&mut self, name: &'static str) -> Result<Option<T>, Invalid> {
        self.nullable(name).map(Option::flatten)
    }

    /// A field that may be left out, but is not null where it is there.
    pub fn if_present<T: Field>(&mut self, name: &'static str) -> Result<Option<T>, Invalid> {
        let value = self.values.get(name).copied();
        value.map(|value| self.parse(name, value)).transpose()
    }

    /// A field in which null means something else (`Some(None)`) than being left out (`None`).
    pub fn nullable<T: Field>(&mut self, name: &'static str) -> Result<Option<Option<T>>, Invalid> {
        match self.values.get(name) {
            None => Ok(None),
            Some(value) if value.is_null() => Ok(Some(None)),
            Some(&value) => self.parse(name, value).map(|value| Some(Some(value))),
        }
    }

    /// Takes down an error at `name`, for rules that span fields.
    pub fn reject(&mut self, name: &'static str, reason: Reason) -> Invalid {
        let loc = vec![self.part.into(), name.into()];
        self.errors.push(FieldError { kind: reason.kind, loc, msg: reason.msg });
        Invalid
    }

    fn parse<T: Field>(&mut self, name: &'static str, value: Value<'a>) -> Result<T, Invalid> {
        T::parse(value).map_err(|reason| self.reject(name, reason))
    }

    /// Reads a whole `T`, or answers with all that is wrong with it.
    pub(super) fn read<T: FromFields>(mut self) -> Result<T, Problem> {
        match T::from_fields(&mut self) {
            Ok(value) if self.errors.is_empty() => Ok(value),
            _ => Err(Problem::validation(self.errors)),
        }
    }
}

pub(super) fn of_path<T: FromFields>(request: &HttpRequest) -> Result<T, Problem> {
    let parts = request.match_info();
    let values = parts.iter().map(|(name, value)| (Cow::Owned(name.to_owned()), Value::Text(value)));
    Fields::new(request, "path", values.collect()).read()
}

pub(super) fn of_query<T: FromFields>(request: &HttpRequest) -> Result<T, Problem> {
    let pairs = form_pairs(request.query_string());
    Fields::new(request, "query", form_fields(&pairs)).read()
}

/// The parameters of a query or a form (`application/x-www-form-urlencoded`); a value that is not UTF-8 has no text.
pub(super) fn form_pairs(text: &str) -> Vec<(String, Option<String>)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (form_text(name).unwrap_or_default(), form_text(value))).collect()
}

fn form_text(encoded: &str) -> Option<String> {
    let encoded = encoded.replace('+', " ");
    percent_decode_str(&encoded).decode_utf8().ok().map(Cow::into_owned)
}

/// The fields that such parameters are; of a name that comes twice, the last one counts.
pub(super) fn form_fields(pairs: &[(String, Option<String>)]) -> HashMap<Cow<'_, str>, Value<'_>> {
    let value = |text: Option<_>| text.map_or(Value::NotUtf8, Value::Text);
    pairs.iter().map(|(name, text)| (Cow::Borrowed(name.as_str()), value(text.as_deref()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_or_has_no_text() {
        let pairs = form_pairs("a=1+2%2B3&b=%F0%9F%8C%B3&&c&d=%ff&e=a=b");
        let pairs: Vec<_> = pairs.iter().map(|(name, text)| (name.as_str(), text.as_deref())).collect();
        let expected =
            [("a", Some("1 2+3")), ("b", Some("🌳")), ("c", Some("")), ("d", None), ("e", Some("a=b"))];
        assert_eq!(pairs, expected);
    }
}
