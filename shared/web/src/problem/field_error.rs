//! A wrong field of a request.

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
    pub loc: Vec<Place>,
    /// What it is, in a sentence that never echoes the input.
    #[schema(example = "Field required")]
    pub msg: Cow<'static, str>,
}

/// A part of the place of a wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Place {
    /// A part of the request, or a field.
    Name(Cow<'static, str>),
    /// Where in the text.
    Position(usize),
}

impl From<&'static str> for Place {
    fn from(name: &'static str) -> Self {
        Self::Name(Cow::Borrowed(name))
    }
}

impl From<usize> for Place {
    fn from(position: usize) -> Self {
        Self::Position(position)
    }
}
