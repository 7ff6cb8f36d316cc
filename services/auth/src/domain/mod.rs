//! Values parsed from requests, and rules without I/O.

mod password;
mod refresh_token;
mod registration;
mod username;

pub use password::{NewPassword, Password, PasswordPolicy};
pub use refresh_token::{RefreshToken, Reuse, TokenHash};
pub use registration::RegistrationPolicy;
pub use username::{Username, folded_name};
