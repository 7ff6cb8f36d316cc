//! Ids in the body of an internal request.

use serde::de::DeserializeOwned;
use shared::validation::{Field, Reason, Value};
use utoipa::ToSchema;

/// The most ids of a list.
const MAX_IDS: usize = 200;

/// At most 200 ids.
#[derive(Debug, Clone, ToSchema)]
#[schema(value_type = Vec<Uuid>)]
pub(super) struct IdList<T>(pub(super) Vec<T>);

impl<T: DeserializeOwned> Field for IdList<T> {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let ids: Option<Vec<T>> = value.json().and_then(|json| serde_json::from_str(json).ok());
        let ids = ids.ok_or_else(|| Reason::value_error("these are no ids"))?;
        if ids.len() > MAX_IDS {
            return Err(Reason::new("too_long", format!("List should have at most {MAX_IDS} items")));
        }
        Ok(Self(ids))
    }
}
