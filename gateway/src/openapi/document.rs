//! The document of one service.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Paths with their operations, in the order in which they are shown.
pub(super) type Paths = IndexMap<String, IndexMap<String, Value>>;

/// A document of a service, as far as it is looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceDocument {
    pub(super) tags: Vec<Value>,
    pub(super) paths: Paths,
    pub(super) components: Map<String, Value>,
}
