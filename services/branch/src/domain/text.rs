//! The two texts of a message.

use shared::validation::{Reason, TextField, text};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The most bytes of UTF-8 of a question or a response.
const MAX_TEXT_BYTES: usize = 1 << 20;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TextField for $name {
            fn parse(text: String) -> Result<Self, Reason> {
                text::bytes(&text, MAX_TEXT_BYTES)?;
                Ok(Self(text))
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text::bytes_schema(MAX_TEXT_BYTES).into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

texts! {
    /// A question: at most 1 MiB, possibly empty.
    Question,
    /// A response: at most 1 MiB, empty where it was stopped at once.
    Response,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_at_most_1_mib_of_utf_8() {
        for text in [String::new(), "x".repeat(MAX_TEXT_BYTES), "é".repeat(MAX_TEXT_BYTES / 2)] {
            assert_eq!(Question::parse(text.clone()).unwrap().as_str(), text);
            assert_eq!(Response::parse(text.clone()).unwrap().as_str(), text);
        }
        for text in ["x".repeat(MAX_TEXT_BYTES + 1), "é".repeat(MAX_TEXT_BYTES / 2 + 1)] {
            assert!(Question::parse(text.clone()).is_err());
            assert!(Response::parse(text).is_err());
        }
    }
}
