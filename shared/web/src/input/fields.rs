//! The fields of one part of a request, and the collection of their errors.

use super::json::parse_object;
use crate::problem::{FieldError, Problem};
use actix_web::HttpRequest;
use actix_web::web::Data;
use percent_encoding::percent_decode_str;
use shared::validation::{ConfiguredField, Field, Reason, Value};
use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A marker that a field was wrong. [`Fields`] holds the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid;

/// A type that is read from the fields of a path, a query or a JSON object.
pub trait FromFields: Sized {
    /// Whether there is anything to read; otherwise the body is not parsed.
    const IS_READ: bool = true;

    /// Reads all fields before it looks at a result, so that no error hides another, and so that a dry run finds the names of all
    /// fields.
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid>;
}

impl FromFields for () {
    const IS_READ: bool = false;

    fn from_fields(_: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(())
    }
}

/// The configurable rules of a service's fields; set up as `Data<Settings>`.
#[derive(Debug, Clone, Default)]
pub struct Settings(Option<Arc<dyn Any + Send + Sync>>);

impl Settings {
    /// These rules.
    pub fn of(rules: impl Any + Send + Sync) -> Self {
        Self(Some(Arc::new(rules)))
    }

    /// The rules of this type, or their default if none are set up.
    pub fn rules<T: Clone + Default + 'static>(&self) -> T {
        let rules = self.0.as_ref().and_then(|rules| rules.downcast_ref::<T>());
        rules.cloned().unwrap_or_default()
    }

    /// The settings of a request.
    pub(crate) fn for_request(request: &HttpRequest) -> Self {
        request.app_data::<Data<Self>>().map(|settings| settings.get_ref().clone()).unwrap_or_default()
    }
}

/// The fields of one part of a request. Unknown ones are ignored.
#[derive(Debug)]
pub struct Fields<'a> {
    settings: &'a Settings,
    part: &'static str,
    values: Values<'a>,
    /// The names that a dry run has asked for.
    asked: Option<Vec<&'static str>>,
    errors: Vec<FieldError>,
}

/// The values of the fields that are asked for.
pub(super) type Values<'a> = HashMap<&'static str, Value<'a>>;

/// The names of all fields of a `T`, found by a dry run.
pub(super) fn names_of<T: FromFields>(settings: &Settings) -> Vec<&'static str> {
    let mut fields = Fields::new(settings, "", Values::new());
    fields.asked = Some(Vec::new());
    // It fails, as required fields are missing.
    drop(T::from_fields(&mut fields));
    fields.asked.unwrap_or_default()
}

impl<'a> Fields<'a> {
    pub(super) fn new(settings: &'a Settings, part: &'static str, values: Values<'a>) -> Self {
        Self { settings, part, values, asked: None, errors: Vec::new() }
    }

    fn get(&mut self, name: &'static str) -> Option<Value<'a>> {
        if let Some(asked) = &mut self.asked {
            asked.push(name);
        }
        self.values.get(name).copied()
    }

    /// A field that must be present and not null.
    pub fn required<T: Field>(&mut self, name: &'static str) -> Result<T, Invalid> {
        match self.get(name) {
            None => Err(self.reject(name, Reason::missing())),
            Some(value) => self.parse(name, value),
        }
    }

    /// A text that must be present and not null, by configured rules.
    pub fn configured<T: ConfiguredField>(&mut self, name: &'static str) -> Result<T, Invalid> {
        let text = self.required(name)?;
        T::parse(text, self.settings.rules()).map_err(|reason| self.reject(name, reason))
    }

    /// A field that may be absent or null.
    pub fn optional<T: Field>(&mut self, name: &'static str) -> Result<Option<T>, Invalid> {
        self.nullable(name).map(Option::flatten)
    }

    /// A field that may be absent, but not null.
    pub fn if_present<T: Field>(&mut self, name: &'static str) -> Result<Option<T>, Invalid> {
        self.get(name).map(|value| self.parse(name, value)).transpose()
    }

    /// An object with fields of its own, that may be absent, but not null. Errors of its fields are told at their own places.
    pub fn if_present_object<T: FromFields>(&mut self, name: &'static str) -> Result<Option<T>, Invalid> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let names = names_of::<T>(self.settings);
        let Some(members) = value.json().and_then(|json| parse_object(json.as_bytes(), &names).ok()) else {
            return Err(self.reject(name, Reason::not_an_object()));
        };
        let values = members.into_iter().map(|(name, raw)| (name, Value::Json(raw.get()))).collect();
        let mut fields = Fields::new(self.settings, name, values);
        let read = T::from_fields(&mut fields);
        let is_valid = fields.errors.is_empty();
        for mut error in fields.errors {
            error.loc.insert(0, self.part.into());
            self.errors.push(error);
        }
        read.and_then(|object| if is_valid { Ok(Some(object)) } else { Err(Invalid) })
    }

    /// A field in which null (`Some(None)`) differs from absent (`None`).
    pub fn nullable<T: Field>(&mut self, name: &'static str) -> Result<Option<Option<T>>, Invalid> {
        match self.get(name) {
            None => Ok(None),
            Some(value) if value.is_null() => Ok(Some(None)),
            Some(value) => self.parse(name, value).map(|value| Some(Some(value))),
        }
    }

    /// A field that must be present, and may be null.
    pub fn required_nullable<T: Field>(&mut self, name: &'static str) -> Result<Option<T>, Invalid> {
        self.nullable(name)?.ok_or_else(|| self.reject(name, Reason::missing()))
    }

    /// Adds an error at `name`, also for rules across fields.
    pub fn reject(&mut self, name: &'static str, reason: Reason) -> Invalid {
        let loc = vec![self.part.into(), name.into()];
        self.errors.push(FieldError { kind: reason.kind, loc, msg: reason.msg });
        Invalid
    }

    fn parse<T: Field>(&mut self, name: &'static str, value: Value<'a>) -> Result<T, Invalid> {
        T::parse(value).map_err(|reason| self.reject(name, reason))
    }

    /// Reads a `T`, or fails with all of its errors.
    pub(super) fn read<T: FromFields>(mut self) -> Result<T, Problem> {
        match T::from_fields(&mut self) {
            Ok(value) if self.errors.is_empty() => Ok(value),
            _ => Err(Problem::validation(self.errors)),
        }
    }
}

pub(super) fn of_path<T: FromFields>(request: &HttpRequest, settings: &Settings) -> Result<T, Problem> {
    let parts = request.match_info();
    let part = |name| Some((name, Value::Text(parts.get(name)?)));
    let values = names_of::<T>(settings).into_iter().filter_map(part).collect();
    Fields::new(settings, "path", values).read()
}

pub(super) fn of_query<T: FromFields>(request: &HttpRequest, settings: &Settings) -> Result<T, Problem> {
    read_form(settings, "query", request.query_string())
}

/// Reads the parameters of a query or a form.
pub(super) fn read_form<T: FromFields>(
    settings: &Settings,
    part: &'static str,
    text: &str,
) -> Result<T, Problem> {
    let pairs = form_pairs(text, &names_of::<T>(settings));
    let texts = pairs.iter().map(|(name, text)| (*name, text.as_deref()));
    let values = texts.map(|(name, text)| (name, text.map_or(Value::NotUtf8, Value::Text))).collect();
    Fields::new(settings, part, values).read()
}

/// The parameters of these names in a query or a form (`application/x-www-form-urlencoded`), of a repeated one the last. A value that
/// is not UTF-8 is `None`.
fn form_pairs(text: &str, names: &[&'static str]) -> HashMap<&'static str, Option<String>> {
    let last: HashMap<_, _> = known_pairs(text, names).collect();
    last.into_iter().map(|(name, value)| (name, decode(value))).collect()
}

/// The parameters of these names in their order, with values still encoded.
pub(super) fn known_pairs<'t>(
    text: &'t str,
    names: &[&'static str],
) -> impl Iterator<Item = (&'static str, &'t str)> {
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter_map(|(name, value)| Some((known(name, names)?, value)))
}

/// The known name that an encoded one stands for.
fn known(encoded: &str, names: &[&'static str]) -> Option<&'static str> {
    let longest = names.iter().map(|name| name.len()).max()?;
    // A byte is encoded in at most three.
    if encoded.len() > 3 * longest {
        return None;
    }
    let name = decode(encoded)?;
    names.iter().copied().find(|known| *known == name)
}

/// The decoded text of a name or a value; `None` if it is not UTF-8.
pub(super) fn decode(encoded: &str) -> Option<String> {
    let encoded = encoded.replace('+', " ");
    percent_decode_str(&encoded).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_value_is_decoded_unless_it_is_not_utf8() {
        let names = ["a", "b", "c", "d", "e", "g h"];
        let pairs = form_pairs("a=1+2%2B3&b=%F0%9F%8C%B3&&c&d=%ff&e=a=b&e=2&f=3&%67+%68=4&%ff=5", &names);
        let expected = [
            ("a", Some("1 2+3")),
            ("b", Some("🌳")),
            ("c", Some("")),
            ("d", None),
            ("e", Some("2")),
            ("g h", Some("4")),
        ];
        let expected = expected.map(|(name, text)| (name, text.map(str::to_owned)));
        assert_eq!(pairs, HashMap::from(expected));
    }

    struct Any;

    impl ConfiguredField for Any {
        type Rules = ();

        fn parse(_: String, (): ()) -> Result<Self, Reason> {
            Ok(Self)
        }
    }

    #[derive(Debug)]
    struct Three;

    impl FromFields for Three {
        fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
            let one = fields.required::<String>("one");
            let two = fields.configured::<Any>("two");
            let three = fields.nullable::<bool>("three");
            one.and(two.map(drop)).and(three.map(drop)).map(|()| Self)
        }
    }

    #[test]
    fn a_dry_run_finds_the_names_of_all_fields() {
        assert_eq!(names_of::<Three>(&Settings::default()), ["one", "two", "three"]);
        assert!(names_of::<()>(&Settings::default()).is_empty());
    }
}
