//! Forms of OAuth 2 (RFC 6749, 3.2), which are stricter than those of HTML.

use super::body::{FromBody, form_text, is_form, media_type, unsupported_media_type};
use super::fields::{Fields, FromFields, Settings, decode, known_pairs, names_of};
use crate::problem::Problem;
use actix_web::HttpRequest;
use shared::validation::{Reason, Value};
use std::collections::HashMap;

/// A form in which a parameter without a value counts as omitted, and a repeated one is an error; unknown parameters are ignored. A
/// body without a media type is read as a form.
#[derive(Debug)]
pub struct OAuthForm<T>(pub T);

impl<T: FromFields + Send + 'static> FromBody for OAuthForm<T> {
    type Head = ();

    const IS_READ: bool = true;

    fn read_head(request: &HttpRequest) -> Result<(), Problem> {
        match media_type(request) {
            Ok(None) => Ok(()),
            Ok(Some(mime)) if is_form(&mime) => Ok(()),
            Ok(Some(_)) | Err(_) => Err(unsupported_media_type("application/x-www-form-urlencoded")),
        }
    }

    fn from_body((): (), settings: &Settings, bytes: &[u8]) -> Result<Self, Problem> {
        read(settings, form_text(bytes)?).map(Self)
    }
}

fn read<T: FromFields>(settings: &Settings, text: &str) -> Result<T, Problem> {
    let (mut sent, mut repeated) = (HashMap::new(), Vec::new());
    for (name, value) in known_pairs(text, &names_of::<T>(settings)) {
        if sent.insert(name, value).is_some() && !repeated.contains(&name) {
            repeated.push(name);
        }
    }
    let sent = sent.into_iter().filter(|(_, value)| !value.is_empty());
    let texts: Vec<_> = sent.map(|(name, value)| (name, decode(value))).collect();
    let texts = texts.iter().map(|(name, text)| (*name, text.as_deref()));
    let values = texts.map(|(name, text)| (name, text.map_or(Value::NotUtf8, Value::Text))).collect();
    let mut fields = Fields::new(settings, "body", values);
    for name in repeated {
        fields.reject(name, Reason::value_error("the parameter must not come more than once"));
    }
    fields.read()
}

#[cfg(test)]
mod tests {
    use super::super::fields::Invalid;
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Pair(String, Option<String>);

    impl FromFields for Pair {
        fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
            let (one, two) = (fields.required("one"), fields.optional("two"));
            Ok(Self(one?, two?))
        }
    }

    fn pair(text: &str) -> Result<Pair, String> {
        read(&Settings::default(), text).map_err(|problem: Problem| problem.for_oauth().to_string())
    }

    #[test]
    fn a_parameter_without_a_value_counts_as_omitted_and_unknown_ones_may_repeat() {
        let one = |two: Option<&str>| Ok(Pair("1".to_owned(), two.map(str::to_owned)));
        assert_eq!(pair("one=1&two=2+%2b"), one(Some("2 +")));
        for text in ["one=1", "one=1&two=", "two&one=1", "three=3&one=1&three=3&%ff=1", "&one=1&"] {
            assert_eq!(pair(text), one(None), "{text}");
        }
    }

    #[test]
    fn a_repeated_parameter_is_an_error_whatever_its_values() {
        for text in ["one=1&one=1", "one=1&two=&two=", "one=1&one=", "one=1&%6Fne=2"] {
            let told = pair(text).unwrap_err();
            assert!(told.ends_with("the parameter must not come more than once"), "{text}: {told}");
        }
        for (text, told) in [("", "one: Field required"), ("one=", "one: Field required")] {
            assert!(pair(text).unwrap_err().ends_with(told), "{text}");
        }
        assert!(pair("one=%ff").unwrap_err().ends_with("one: Input should be valid UTF-8"));
    }
}
