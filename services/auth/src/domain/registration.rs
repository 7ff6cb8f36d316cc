//! Who may register.

use std::str::FromStr;

/// Whether users register by themselves, or are made by who runs the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Anybody registers.
    #[default]
    Open,
    /// Nobody registers: `auth user create` makes users.
    Closed,
}

impl FromStr for RegistrationPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            other => Err(format!("{other:?} is neither")),
        }
    }
}
