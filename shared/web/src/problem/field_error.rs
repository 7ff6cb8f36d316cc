//! A validation error of one field.

use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// One wrong field, in the form that clients of this API already parse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// What kind of error it is, by pydantic's names: `missing`, `string_too_short`, `uuid_parsing` ...
    #[serde(rename = "type")]
    #[schema(example = "missing")]
    pub kind: Cow<'static, str>,
    /// Where it is: `body`, `query`, `path` or `header`, and the name (or position) within.
    #[schema(example = json!(["body", "name"]))]
    pub loc: Vec<ErrorLocation>,
    /// What it is, in a sentence that never echoes the input.
    #[schema(example = "Field required")]
    pub msg: Cow<'static, str>,
}

// The texts below, and the name `Place`, are part of the document.

/// A part of the place of a wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Place)]
#[serde(untagged)]
pub enum ErrorLocation {
    /// A part of the request, or a field.
    Name(Cow<'static, str>),
    /// Where in the text.
    Position(usize),
}

impl From<&'static str> for ErrorLocation {
    fn from(name: &'static str) -> Self {
        Self::Name(Cow::Borrowed(name))
    }
}

impl From<usize> for ErrorLocation {
    fn from(position: usize) -> Self {
        Self::Position(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::PartialSchema as _;

    #[test]
    fn the_schema_of_a_location_keeps_its_name_in_the_document() {
        assert_eq!(ErrorLocation::name(), "Place");
        let schema = serde_json::to_string(&FieldError::schema()).unwrap();
        assert!(schema.contains("#/components/schemas/Place"), "{schema}");
    }
}
