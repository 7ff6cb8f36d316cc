//! Errors of the configuration: a line for each variable.

use std::fmt;

/// Variables that are missing or wrong. `Display` writes a line for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Vec<Problem>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    name: String,
    problem: String,
}

impl ConfigError {
    /// An error of the variable `name`. The text must not hold a secret.
    pub fn new(name: &str, problem: impl Into<String>) -> Self {
        Self(vec![Problem { name: name.to_owned(), problem: problem.into() }])
    }

    /// An empty list of errors, for [`Self::note`].
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Returns the value that was read, or adds its errors to these. Two settings may read one variable: an error is kept once.
    pub fn note<T>(&mut self, read: Result<T, Self>) -> Option<T> {
        let error = match read {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        for problem in error.0 {
            if !self.0.contains(&problem) {
                self.0.push(problem);
            }
        }
        None
    }

    /// The names of the variables, each with its error.
    pub fn problems(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|Problem { name, problem }| (name.as_str(), problem.as_str()))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Problem { name, problem }) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{name}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Builds a struct of settings: `settings!(Self { field: env.or(..), other: Other::from_env(env) })`. Each value is a
/// `Result<_, ConfigError>`. All of them are evaluated, and the error holds those of all.
#[macro_export]
macro_rules! settings {
    (@value $field:ident) => { $field };
    (@value $field:ident: $value:expr) => { $value };
    ($type:ident { $($field:ident $(: $value:expr)?),+ $(,)? }) => {{
        let mut wrong = $crate::env::ConfigError::none();
        $(let $field = wrong.note($crate::settings!(@value $field $(: $value)?));)+
        match ($($field,)+) {
            ($(Some($field),)+) => Ok($type { $($field),+ }),
            _ => Err(wrong),
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Pair {
        one: u8,
        other: u8,
    }

    fn read(one: Result<u8, &str>, other: Result<u8, &str>) -> Result<Pair, String> {
        let wrong = |name: &'static str| move |problem| ConfigError::new(name, problem);
        let pair = settings!(Pair { one: one.map_err(wrong("ONE")), other: other.map_err(wrong("OTHER")) });
        pair.map_err(|error: ConfigError| error.to_string())
    }

    #[test]
    fn all_errors_are_reported_at_once_a_line_each() {
        assert_eq!(read(Ok(1), Ok(2)), Ok(Pair { one: 1, other: 2 }));
        assert_eq!(read(Err("is 0"), Ok(2)), Err("ONE: is 0".to_owned()));
        assert_eq!(read(Err("is 0"), Err("is odd")), Err("ONE: is 0\nOTHER: is odd".to_owned()));
    }

    #[test]
    fn the_error_of_a_variable_that_is_read_twice_is_reported_once() {
        let mut wrong = ConfigError::none();
        for _ in 0..2 {
            wrong.note::<()>(Err(ConfigError::new("ONE", "is 0")));
        }
        assert_eq!(wrong.problems().collect::<Vec<_>>(), [("ONE", "is 0")]);
    }
}
