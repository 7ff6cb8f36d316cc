//! Passwords: kept in memory only, never printed, never cut.

use secrecy::{ExposeSecret as _, SecretString};
use shared::input::{Reason, TextField, text};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What bcrypt looks at; it would ignore the rest.
const MAX_BYTES: usize = 72;

/// A password for the document.
const EXAMPLE: &str = "correct horse battery staple";

/// A password that somebody has typed.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// A password that may be right: bcrypt can take it whole. How short it may be is no matter here.
    pub fn candidate(text: String) -> Result<Self, Reason> {
        text::bytes(&text, MAX_BYTES)?;
        Ok(Self(SecretString::from(text)))
    }

    /// The password itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl TextField for Password {
    fn parse(text: String) -> Result<Self, Reason> {
        Self::candidate(text)
    }
}

/// The rule for new passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy(usize);

impl PasswordPolicy {
    /// A rule that asks for so many characters; `None` where no password could have them.
    pub fn new(min_characters: usize) -> Option<Self> {
        (1..=MAX_BYTES).contains(&min_characters).then_some(Self(min_characters))
    }

    /// The fewest characters of a new password.
    pub fn min_characters(self) -> usize {
        self.0
    }

    /// The rule as the document tells it.
    pub fn schema(self) -> RefOr<Schema> {
        let description = format!("At least {} characters, at most {MAX_BYTES} bytes", self.0);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .min_length(Some(self.0))
            .max_length(Some(MAX_BYTES))
            .description(Some(description))
            .examples(Some(EXAMPLE).filter(|_| EXAMPLE.len() >= self.0))
            .into()
    }

    /// Takes a new password that keeps the rule.
    pub fn parse(self, text: String) -> Result<Password, Reason> {
        text::characters(&text, &(self.0..=usize::MAX))?;
        Password::candidate(text)
    }
}

/// A new password in the document, where the policy by default stands until the configured one is put in its place.
#[derive(Debug)]
pub struct NewPassword;

impl PartialSchema for NewPassword {
    fn schema() -> RefOr<Schema> {
        PasswordPolicy::default().schema()
    }
}

impl ToSchema for NewPassword {}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_is_counted_in_characters_and_the_most_in_bytes() {
        let policy = PasswordPolicy::default();
        for taken in ["12345678", "ünïcödé!", "        ", &"x".repeat(72), &"🌳".repeat(18)] {
            assert_eq!(policy.parse(taken.to_owned()).unwrap().expose(), taken);
        }
        for refused in ["1234567", "🌳🌳🌳🌳🌳🌳🌳", &"x".repeat(73), &format!("x{}", "🌳".repeat(18))]
        {
            assert!(policy.parse(refused.to_owned()).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let password = Password::candidate("hunter2".to_owned()).unwrap();
        assert!(!format!("{password:?}").contains("hunter2"));
    }
}
