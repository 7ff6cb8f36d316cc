//! OpenAPI 3.0 for tools that do not read 3.1: the same document with `nullable`, and with one schema for all error bodies, as
//! some of these tools take only one for an operation.

use serde_json::{Map, Value, json};

/// The schemas of error bodies.
const ERROR_BODIES: [&str; 5] =
    ["ErrorBody", "ValidationErrorBody", "HeadMoved", "AnswerConflict", "TokenErrorBody"];
/// The schema of any error body.
const ANY_ERROR: &str = "AnyErrorBody";

/// Rewrites a part of a 3.1 document as 3.0.
pub(super) fn downgrade(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(downgrade),
        Value::Object(members) => {
            rewrite_nullable(members);
            rewrite_nullable_object(members);
            rewrite_examples(members);
            wrap_reference(members);
            members.values_mut().for_each(downgrade);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `"type": ["string", "null"]` is `"nullable": true` in 3.0.
fn rewrite_nullable(members: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = members.get("type") else { return };
    if let [kind, null] = types.as_slice()
        && null == "null"
    {
        let kind = kind.clone();
        members.insert("type".to_owned(), kind);
        members.insert("nullable".to_owned(), json!(true));
    }
}

/// An object or null is one of two schemas in 3.1, and a nullable one in 3.0, which reads `nullable` beside a `type` alone.
fn rewrite_nullable_object(members: &mut Map<String, Value>) {
    let null = json!({"type": "null"});
    let Some(Value::Array(schemas)) = members.get("oneOf") else { return };
    let (nulls, others): (Vec<_>, Vec<_>) = schemas.iter().cloned().partition(|schema| *schema == null);
    if !nulls.is_empty() && others.len() == 1 {
        members.remove("oneOf");
        members.insert("allOf".to_owned(), json!(others));
        members.insert("type".to_owned(), json!("object"));
        members.insert("nullable".to_owned(), json!(true));
    }
}

/// A schema has one example in 3.0, and a list in 3.1. (A body has named ones in both.)
fn rewrite_examples(members: &mut Map<String, Value>) {
    if let Some(Value::Array(examples)) = members.get("examples")
        && let Some(example) = examples.first().cloned()
    {
        members.remove("examples");
        members.insert("example".to_owned(), example);
    }
}

/// Members beside a reference are ignored in 3.0.
fn wrap_reference(members: &mut Map<String, Value>) {
    if members.len() > 1
        && members.get("$ref").is_some_and(Value::is_string)
        && let Some(reference) = members.remove("$ref")
    {
        members.insert("allOf".to_owned(), json!([{"$ref": reference}]));
    }
}

/// Replaces the schema of every error body in these responses by [`ANY_ERROR`].
pub(super) fn join_error_bodies(responses: &mut Value) {
    let Value::Object(responses) = responses else { return };
    for (_, response) in responses {
        let schema = response.pointer_mut("/content/application~1json/schema/$ref");
        if let Some(Value::String(reference)) = schema
            && ERROR_BODIES.iter().any(|name| reference.ends_with(&format!("/{name}")))
        {
            *reference = format!("#/components/schemas/{ANY_ERROR}");
        }
    }
}

/// The schema that [`join_error_bodies`] refers to.
pub(super) fn any_error_body() -> (String, Value) {
    let references = ERROR_BODIES.map(|name| json!({"$ref": format!("#/components/schemas/{name}")}));
    (ANY_ERROR.to_owned(), json!({"description": "The body of an error.", "anyOf": references}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_3_1_schema_is_rewritten_as_3_0() {
        for (new, old) in [
            (json!({"type": ["string", "null"]}), json!({"type": "string", "nullable": true})),
            (json!({"$ref": "#/a"}), json!({"$ref": "#/a"})),
            (
                json!({"oneOf": [{"type": "null"}, {"$ref": "#/a"}], "description": "x"}),
                json!({"allOf": [{"$ref": "#/a"}], "type": "object", "nullable": true, "description": "x"}),
            ),
            (json!({"examples": [1, 2]}), json!({"example": 1})),
            (json!({"examples": {"one": {"value": 1}}}), json!({"examples": {"one": {"value": 1}}})),
            (
                json!({"items": {"$ref": "#/a", "description": "x"}}),
                json!({"items": {"allOf": [{"$ref": "#/a"}], "description": "x"}}),
            ),
        ] {
            let mut value = new;
            downgrade(&mut value);
            assert_eq!(value, old);
        }
    }

    #[test]
    fn all_error_bodies_get_one_schema() {
        let response = |name: &str| {
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            json!({"content": {"application/json": {"schema": schema}}})
        };
        let mut responses = json!({
            "200": response("Chat"), "404": response("ErrorBody"), "422": response("ValidationErrorBody"),
        });
        join_error_bodies(&mut responses);
        let expected = json!({
            "200": response("Chat"), "404": response(ANY_ERROR), "422": response(ANY_ERROR),
        });
        assert_eq!(responses, expected);
    }
}
