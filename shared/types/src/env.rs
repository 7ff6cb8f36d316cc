//! The environment, read once in `main`. Errors are a line for each variable, which begins with its name.
//!
//! Any secret `X` may come as `X_FILE`, the path of a file that holds it, without the line end at its end.

mod error;
mod purpose;

pub use error::ConfigError;
pub use purpose::Purpose;

use secrecy::SecretString;
use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// The longest time-out, a day: a larger number is taken for a mistaken unit.
const MAX_TIMEOUT_SECONDS: u64 = 24 * 3600;

/// The environment variables. A variable that is empty counts as not set.
#[derive(Debug, Clone, Default)]
pub struct Env(HashMap<String, String>);

impl Env {
    /// The environment of this process, without variables that are not UTF-8.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        )
    }

    /// An environment of these variables alone.
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self(variables.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect())
    }

    /// The value of `name`; `None` if it is not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of `name`. `expected` describes it in the error.
    pub fn required<T: FromStr<Err: Display>>(&self, name: &str, expected: &str) -> Result<T, ConfigError> {
        self.optional(name, expected)?
            .ok_or_else(|| ConfigError::new(name, format!("is not set; expected {expected}")))
    }

    /// The value of `name`, or `default` if it is not set.
    pub fn or<T: FromStr<Err: Display>>(
        &self,
        name: &str,
        expected: &str,
        default: T,
    ) -> Result<T, ConfigError> {
        Ok(self.optional(name, expected)?.unwrap_or(default))
    }

    /// The parsed value of `name`; `None` if it is not set.
    pub fn optional<T: FromStr<Err: Display>>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, ConfigError> {
        self.get(name)
            .map(|value| {
                let parsed = value.trim().parse();
                parsed.map_err(|err: T::Err| ConfigError::new(name, format!("{err}; expected {expected}")))
            })
            .transpose()
    }

    /// The secret `name`, from the variable or from the file that `<name>_FILE` names.
    pub fn secret(&self, name: &str) -> Result<Option<SecretString>, ConfigError> {
        let file_variable = format!("{name}_FILE");
        match (self.get(name), self.get(&file_variable)) {
            (Some(_), Some(_)) => Err(ConfigError::new(
                name,
                format!("is set together with {file_variable}; expected one of them"),
            )),
            (Some(value), None) => Ok(Some(SecretString::from(value))),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).map_err(|err| {
                    ConfigError::new(&file_variable, format!("cannot read the file: {err}"))
                })?;
                let text = text.trim_end_matches(['\r', '\n']);
                if text.is_empty() {
                    return Err(ConfigError::new(&file_variable, "the file is empty; expected the secret"));
                }
                Ok(Some(SecretString::from(text)))
            }
            (None, None) => Ok(None),
        }
    }

    /// As [`Env::secret`], but required.
    pub fn required_secret(&self, name: &str, expected: &str) -> Result<SecretString, ConfigError> {
        self.secret(name)?.ok_or_else(|| {
            ConfigError::new(name, format!("is not set; expected {expected}, here or as {name}_FILE"))
        })
    }

    /// A switch: `on` or `off`.
    pub fn switch(&self, name: &str, default: bool) -> Result<bool, ConfigError> {
        match self.get(name).map(str::trim) {
            None => Ok(default),
            Some("on") => Ok(true),
            Some("off") => Ok(false),
            Some(value) => Err(ConfigError::new(name, format!("{value:?} is neither; expected on or off"))),
        }
    }

    /// A whole number of `unit` within a range.
    pub fn number<T>(
        &self,
        name: &str,
        unit: &str,
        range: RangeInclusive<T>,
        default: T,
    ) -> Result<T, ConfigError>
    where
        T: FromStr<Err: Display> + Display + PartialOrd,
    {
        let expected = format!("a number of {unit} from {} to {}", range.start(), range.end());
        let number = self.or(name, &expected, default)?;
        if range.contains(&number) {
            return Ok(number);
        }
        Err(ConfigError::new(name, format!("is {number}; expected {expected}")))
    }

    /// A duration in whole seconds within a range.
    pub fn seconds(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        self.number(name, "seconds", range, default.as_secs()).map(Duration::from_secs)
    }

    /// A time-out in whole seconds: from one to a day.
    pub fn timeout(&self, name: &str, default: Duration) -> Result<Duration, ConfigError> {
        self.seconds(name, 1..=MAX_TIMEOUT_SECONDS, default)
    }

    /// The base URL of another service: scheme, host and port, without a slash at its end.
    pub fn base_url(&self, name: &str) -> Result<reqwest::Url, ConfigError> {
        let expected = "the service's base URL, such as http://auth:8001";
        let url: reqwest::Url = self.required(name, expected)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || url.path() != "/" {
            return Err(ConfigError::new(name, format!("is no base URL; expected {expected}")));
        }
        Ok(url)
    }

    /// The base URL of a service that a deployment may do without.
    pub fn optional_base_url(&self, name: &str) -> Result<Option<reqwest::Url>, ConfigError> {
        self.get(name).map(|_| self.base_url(name)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn an_error_is_one_line_that_begins_with_the_variables_name() {
        let env = Env::of([("PORT", "many"), ("AUTH_URL", "auth:8001")]);
        let errors = [
            env.required::<u16>("PORT", "a port").unwrap_err(),
            env.required::<u16>("OTHER", "a port").unwrap_err(),
            env.base_url("AUTH_URL").unwrap_err(),
            env.required_secret("SECRET_KEY", "at least 32 bytes").unwrap_err(),
        ];
        for (error, name) in errors.iter().zip(["PORT", "OTHER", "AUTH_URL", "SECRET_KEY"]) {
            let line = error.to_string();
            assert!(line.starts_with(name) && line.contains("expected") && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn a_secret_comes_from_the_variable_or_from_a_file_but_not_from_both() {
        let file = std::env::temp_dir().join(format!("secret-{}", crate::ids::KeyId::generate()));
        std::fs::write(&file, "from a file\n").unwrap();
        let path = file.to_str().unwrap();
        let read = |env: Env| env.secret("KEY").map(|s| s.map(|s| s.expose_secret().to_owned()));
        assert_eq!(read(Env::of([("KEY", " as it is ")])).unwrap().as_deref(), Some(" as it is "));
        assert_eq!(read(Env::of([("KEY_FILE", path)])).unwrap().as_deref(), Some("from a file"));
        assert!(read(Env::of([("KEY", "a"), ("KEY_FILE", path)])).is_err());
        assert!(read(Env::of([("KEY_FILE", "/no/such/file")])).is_err());
        assert_eq!(read(Env::default()).unwrap(), None);
        std::fs::remove_file(file).unwrap();
    }
}
