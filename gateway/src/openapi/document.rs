//! The `OpenAPI` document of one service.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Paths with their operations, in the order of display.
pub(super) type Paths = IndexMap<String, IndexMap<String, Value>>;

/// The members of a service's document that are merged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceDocument {
    pub(super) tags: Vec<Value>,
    pub(super) paths: Paths,
    pub(super) components: Map<String, Value>,
}
