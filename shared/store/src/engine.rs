//! The engine of a URL.

use secrecy::{ExposeSecret as _, SecretString};
use shared::env::ConfigError;

/// A SQL engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Sqlite,
}

impl Engine {
    /// The engine of the scheme of a `DATABASE_URL`.
    pub(crate) fn of(url: &SecretString) -> Result<Self, ConfigError> {
        let expected = "a URL that begins with postgresql:// or sqlite:";
        let Some((scheme, _)) = url.expose_secret().split_once(':') else {
            return Err(ConfigError::new("DATABASE_URL", format!("is no URL; expected {expected}")));
        };
        match scheme.split_once('+').map_or((scheme, None), |(engine, driver)| (engine, Some(driver))) {
            ("postgres" | "postgresql", _) => Ok(Self::Postgres),
            ("sqlite", None) => Ok(Self::Sqlite),
            _ => {
                Err(ConfigError::new("DATABASE_URL", format!("names an unknown engine; expected {expected}")))
            }
        }
    }
}
