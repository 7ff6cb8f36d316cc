//! The fields of a request for an answer.

use serde_json::Value as Json;
use shared::validation::{Field, Reason, TextField, Value, text};
use std::ops::RangeInclusive;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const MODEL_CHARACTERS: RangeInclusive<usize> = 1..=200;
const MAX_INSTRUCTION_BYTES: usize = 16 << 10;
/// The most bytes of a question, which is what a message may have.
pub const MAX_QUESTION_BYTES: usize = 1 << 20;
/// The most bytes of the JSON text of tools, of a choice, of a format.
const MAX_JSON_BYTES: usize = 256 << 10;
const MAX_STOP_SEQUENCES: usize = 4;

shared_store::text_enum! {
    /// What happens to a line that is longer than the model's context.
    pub enum Truncation {
        /// The oldest messages are left out.
        Auto = "auto",
        /// The request fails.
        Disabled = "disabled",
    }
}

shared_store::text_enum! {
    /// What happens where another answer is under way at the head of the branch.
    pub enum OnRunning {
        /// The request fails.
        Reject = "reject",
        /// The answer becomes a branch of its own.
        Fork = "fork",
    }
}

shared_store::text_enum! {
    /// What happens once nobody listens.
    pub enum OnDisconnect {
        /// The answer goes on.
        Continue = "continue",
        /// It stops.
        Stop = "stop",
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $check:expr, $schema:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub String);

        impl TextField for $name {
            fn parse(text: String) -> Result<Self, Reason> {
                let check: fn(&str) -> Result<(), Reason> = $check;
                check(&text)?;
                Ok(Self(text))
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

texts! {
    /// A model's name.
    ModelName: |name| text::characters(name, &MODEL_CHARACTERS), text::characters_schema(&MODEL_CHARACTERS);
    /// What the model is told before the line.
    Instructions: |told| text::bytes(told, MAX_INSTRUCTION_BYTES), text::bytes_schema(MAX_INSTRUCTION_BYTES);
    /// A question of at most 1 MiB.
    Question: |asked| text::bytes(asked, MAX_QUESTION_BYTES), text::bytes_schema(MAX_QUESTION_BYTES);
}

macro_rules! json_fields {
    ($($(#[$doc:meta])* $name:ident: $expected:literal, $is_valid:expr, $schema:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name(pub Json);

        impl Field for $name {
            fn parse(value: Value<'_>) -> Result<Self, Reason> {
                let json = value.json().filter(|json| json.len() <= MAX_JSON_BYTES);
                let json = json.and_then(|json| serde_json::from_str::<Json>(json).ok());
                let is_valid: fn(&Json) -> bool = $is_valid;
                json.filter(is_valid).map(Self).ok_or_else(|| Reason::value_error($expected))
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

fn is_within(value: &Json, bounds: RangeInclusive<f64>) -> bool {
    value.as_f64().is_some_and(|number| bounds.contains(&number))
}

fn number(max: f64) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0.0)).maximum(Some(max))
}

json_fields! {
    /// The temperature of sampling.
    Temperature: "expected a number from 0 to 2", |value| is_within(value, 0.0..=2.0), number(2.0);
    /// The probability mass of sampling.
    TopP: "expected a number from 0 to 1", |value| is_within(value, 0.0..=1.0), number(1.0);
    /// The most tokens of the response.
    MaxOutputTokens: "expected an integer from 1 to 1000000", |value| value.as_u64().is_some_and(|count| (1..=1_000_000).contains(&count)),
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(1_000_000));
    /// Texts at which the model ends.
    StopSequences: "expected a list of 1 to 4 texts", |value| value.as_array().is_some_and(|texts| {
            (1..=MAX_STOP_SEQUENCES).contains(&texts.len()) && texts.iter().all(Json::is_string)
        }), ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::String));
    /// The tools that the model may call.
    // No others: some servers have tools that they run themselves, which name URLs.
    ToolList: "expected a list of tools of the type function of at most 256 KiB", |value| value.as_array().is_some_and(|tools| {
            tools.iter().all(|tool| tool["type"] == "function")
        }), ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::Object));
    /// Which tool it shall call: a word, or an object.
    ToolChoice: "expected a text or an object", |value| value.is_string() || value.is_object(), ObjectBuilder::new();
    /// A JSON object, such as the format of the response.
    RawObject: "expected an object of at most 256 KiB", Json::is_object, ObjectBuilder::new().schema_type(Type::Object);
}
