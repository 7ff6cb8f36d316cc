//! Ids and times in documents: ids as strings, times as integer microseconds.

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Document, doc};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use uuid::Uuid;

/// A document of which only `_id` is read.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Id<T: From<uuid::Uuid>> {
    #[serde(rename = "_id", with = "text", bound(deserialize = "T: From<uuid::Uuid>"))]
    pub(crate) id: T,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn is_zero(number: &i64) -> bool {
    *number == 0
}

pub(crate) fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

/// Ids as strings.
pub(crate) fn texts<T: Display>(ids: impl IntoIterator<Item = T>) -> Vec<String> {
    ids.into_iter().map(|id| id.to_string()).collect()
}

/// The filter for these ids. A server finds a single one fastest without an operator.
pub(crate) fn by_ids<T: Display + Ord>(ids: &BTreeSet<T>) -> Document {
    match ids.first() {
        Some(id) if ids.len() == 1 => doc! {"_id": id.to_string()},
        _ => doc! {"_id": {"$in": texts(ids)}},
    }
}

/// An id that is read from a string, without a copy of it.
struct TextId<T>(T);

impl<'de, T: From<Uuid>> Deserialize<'de> for TextId<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextIdVisitor(PhantomData)).map(Self)
    }
}

struct TextIdVisitor<T>(PhantomData<T>);

impl<T: From<Uuid>> Visitor<'_> for TextIdVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a UUID as a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        Uuid::try_parse(text).map(T::from).map_err(E::custom)
    }
}

/// An id as a string.
pub(crate) mod text {
    use super::TextId;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use std::fmt::Display;
    use uuid::Uuid;

    pub fn serialize<S: Serializer>(id: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub fn deserialize<'de, T: From<Uuid>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        TextId::deserialize(deserializer).map(|TextId(id)| id)
    }
}

/// An optional id as a string.
pub(crate) mod maybe_text {
    use super::TextId;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use std::fmt::Display;
    use uuid::Uuid;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub fn serialize<S: Serializer>(id: &Option<impl Display>, serializer: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => serializer.collect_str(id),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, T: From<Uuid>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Option::deserialize(deserializer).map(|id| id.map(|TextId(id)| id))
    }
}

/// A time as integer microseconds.
pub(crate) mod micros {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use shared::clock::Timestamp;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.as_micros())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let micros = i64::deserialize(deserializer)?;
        Timestamp::from_micros(micros).ok_or_else(|| D::Error::custom("a time out of range"))
    }
}
