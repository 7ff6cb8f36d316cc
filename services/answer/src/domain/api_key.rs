//! Keys of providers' APIs: never printed.

use secrecy::{ExposeSecret as _, SecretString};
use shared::validation::{Reason, TextField, text};
use std::ops::RangeInclusive;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const KEY_CHARACTERS: RangeInclusive<usize> = 1..=512;
/// The characters of a hint.
const HINT_CHARACTERS: usize = 4;
/// The fewest characters of a key of which a hint is shown: of a shorter one it would tell too much.
const MIN_HINTED_CHARACTERS: usize = 20;

/// A user's key for a provider, from a request.
#[derive(Debug, Clone)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// The key itself.
    pub const fn secret(&self) -> &SecretString {
        &self.0
    }

    /// Its last characters, by which people recognise it; none of a short key.
    pub fn hint(&self) -> Option<String> {
        let key = self.0.expose_secret();
        let start = key.len().checked_sub(HINT_CHARACTERS).filter(|_| key.len() >= MIN_HINTED_CHARACTERS)?;
        key.get(start..).map(str::to_owned)
    }
}

impl TextField for ApiKey {
    fn parse(text: String) -> Result<Self, Reason> {
        text::characters(&text, &KEY_CHARACTERS)?;
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Reason::value_error("expected visible ASCII characters alone"));
        }
        Ok(Self(SecretString::from(text)))
    }
}

impl PartialSchema for ApiKey {
    fn schema() -> RefOr<Schema> {
        let format = Some(SchemaFormat::KnownFormat(KnownFormat::Password));
        text::characters_schema(&KEY_CHARACTERS).format(format).write_only(true).into()
    }
}

impl ToSchema for ApiKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_word_that_a_header_may_have_and_is_not_printed() {
        let key = ApiKey::parse("sk-secret".to_owned()).unwrap();
        assert!(!format!("{key:?}").contains("secret"));
        for refused in ["", "two words", "new\nline", "schlüssel", &"k".repeat(513)] {
            let reason = ApiKey::parse(refused.to_owned()).unwrap_err();
            assert!(!format!("{reason:?}").contains("words"), "{reason:?}");
        }
    }

    #[test]
    fn only_a_long_key_has_a_hint() {
        let hint = |key: &str| ApiKey::parse(key.to_owned()).unwrap().hint();
        assert_eq!(hint("sk-0123456789abcd9f2a").as_deref(), Some("9f2a"));
        assert_eq!(hint("sk-0123456789abcdef"), None);
    }
}
