//! Passwords: never printed, never truncated.

use secrecy::{ExposeSecret as _, SecretString};
use shared::validation::{ConfiguredField, Reason, TextField, text};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// bcrypt ignores bytes past these.
const MAX_PASSWORD_BYTES: usize = 72;

/// The example in the OpenAPI document.
const EXAMPLE: &str = "correct horse battery staple";

/// A password from a request.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// A password to check: any length that bcrypt takes whole. The policy for new passwords does not apply.
    pub fn candidate(text: String) -> Result<Self, Reason> {
        text::bytes(&text, MAX_PASSWORD_BYTES)?;
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
    /// A policy with this minimum of characters. `None` if no password could have them.
    pub fn new(min_characters: usize) -> Option<Self> {
        (1..=MAX_PASSWORD_BYTES).contains(&min_characters).then_some(Self(min_characters))
    }

    /// The fewest characters of a new password.
    pub fn min_characters(self) -> usize {
        self.0
    }

    /// The schema in the OpenAPI document.
    pub fn schema(self) -> RefOr<Schema> {
        let description = format!("At least {} characters, at most {MAX_PASSWORD_BYTES} bytes", self.0);
        password_schema()
            .min_length(Some(self.0))
            .description(Some(description))
            .examples(Some(EXAMPLE).filter(|_| EXAMPLE.len() >= self.0))
            .into()
    }

    /// Parses a new password by the policy.
    pub fn parse(self, text: String) -> Result<Password, Reason> {
        text::characters(&text, &(self.0..=usize::MAX))?;
        Password::candidate(text)
    }
}

fn password_schema() -> ObjectBuilder {
    text::bytes_schema(MAX_PASSWORD_BYTES).format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
}

impl PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        password_schema().into()
    }
}

impl ToSchema for Password {}

/// A new password from a request, which the policy has accepted.
#[derive(Debug, Clone)]
pub struct NewPassword(Password);

impl NewPassword {
    /// The password.
    pub fn into_password(self) -> Password {
        self.0
    }
}

impl ConfiguredField for NewPassword {
    type Rules = PasswordPolicy;

    fn parse(text: String, policy: PasswordPolicy) -> Result<Self, Reason> {
        policy.parse(text).map(Self)
    }
}

/// The schema by the default policy, until that by the configured one replaces it.
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
    fn the_minimum_counts_characters_and_the_maximum_bytes() {
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
