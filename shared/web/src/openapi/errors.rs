//! Errors as responses of the document. Status, code, text and headers come from the [`Problem`]s of the code, so that the examples
//! cannot differ from them.

use crate::body_limits::OutOfMemory;
use crate::input::{body_too_slow, invalid, payload_too_large, unsupported_media_type};
use crate::problem::Problem;
use crate::server::{invalid_path, method_not_allowed};
use crate::tokens::TokenError;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use std::collections::BTreeMap;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{
    ContentBuilder, Header, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder,
};

/// The request id of the examples.
const REQUEST_ID: &str = "019bd5f2-6d0e-7b4a-9c53-2f8e1a7d4b60";

/// The schema of the errors of a token endpoint.
const TOKEN_ERROR: &str = "TokenErrorBody";

/// The errors of a route, by their status.
#[derive(Debug, Clone, Default)]
pub struct ErrorResponses {
    problems: Vec<Problem>,
    /// The schemas of errors with fields of their own, by code.
    schemas: BTreeMap<&'static str, &'static str>,
    /// Whether they are those of an OAuth 2 token endpoint.
    is_at_token_endpoint: bool,
}

impl ErrorResponses {
    /// The errors of every route.
    pub fn of_all() -> Self {
        let problems = vec![
            invalid_path(),
            method_not_allowed("GET, HEAD"),
            Problem::internal(""),
            Problem::unavailable(""),
            OutOfMemory.into(),
            Problem::insufficient_storage(""),
        ];
        Self::default().with(problems)
    }

    /// The errors of a route that needs a token.
    pub fn of_users() -> Self {
        Self::of_all().with([TokenError::Missing.into(), TokenError::Expired.into()])
    }

    /// Adds the errors of a route that reads a path or a query.
    #[must_use]
    pub fn with_input(self) -> Self {
        self.with([invalid(&["query", "chat_id"], "missing", "Field required")])
    }

    /// Adds the errors of a route that reads a body of at most `max_bytes`.
    #[must_use]
    pub fn with_body(self, max_bytes: usize) -> Self {
        let media_type = unsupported_media_type("application/json");
        let missing = invalid(&["body", "name"], "missing", "Field required");
        self.with([missing, payload_too_large(max_bytes), body_too_slow(), media_type])
    }

    /// Adds errors. Of several with one status and code, the first is the example.
    #[must_use]
    pub fn with(mut self, problems: impl IntoIterator<Item = Problem>) -> Self {
        self.problems.extend(problems);
        self
    }

    /// The same errors in the form of an OAuth 2 token endpoint, with the schema `TokenErrorBody`.
    #[must_use]
    pub fn at_token_endpoint(self) -> Self {
        let problems = self.problems.into_iter().map(Problem::for_oauth).collect();
        Self { problems, is_at_token_endpoint: true, ..self }
    }

    /// Names the schema of an error whose body has fields of its own.
    #[must_use]
    pub fn with_schema(mut self, code: &'static str, schema: &'static str) -> Self {
        self.schemas.insert(code, schema);
        self
    }
}

impl From<ErrorResponses> for BTreeMap<String, RefOr<Response>> {
    fn from(errors: ErrorResponses) -> Self {
        responses(errors)
    }
}

/// The responses of the document for these errors, one for each status.
pub fn responses(errors: ErrorResponses) -> BTreeMap<String, RefOr<Response>> {
    let ErrorResponses { problems, schemas, is_at_token_endpoint } = errors;
    let mut of_status: BTreeMap<StatusCode, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        let known = of_status.entry(problem.status()).or_default();
        if known.iter().all(|known| known.code() != problem.code()) {
            known.push(problem);
        }
    }
    let response = |problems: &[Problem]| {
        let named = problems.iter().find_map(|problem| schemas.get(problem.code()).copied());
        let named = if is_at_token_endpoint { Some(TOKEN_ERROR) } else { named };
        RefOr::T(response(problems, named))
    };
    of_status.iter().map(|(status, problems)| (status.as_str().to_owned(), response(problems))).collect()
}

fn response(problems: &[Problem], schema: Option<&str>) -> Response {
    let lines = problems.iter().map(|problem| format!("`{}`: {}", problem.code(), problem.detail()));
    let is_validation = problems.iter().any(|problem| !problem.errors().is_empty());
    let plain = schema.unwrap_or(if is_validation { "ValidationErrorBody" } else { "ErrorBody" });
    let (json, problem_json): (Vec<_>, Vec<_>) = problems.iter().map(examples).unzip();
    let content = |schema: &str, examples| {
        ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).examples_from_iter(examples).build()
    };
    let mut response = ResponseBuilder::new()
        .description(lines.collect::<Vec<_>>().join("; "))
        .content("application/json", content(plain, json))
        .content("application/problem+json", content("ProblemDetails", problem_json));
    for name in problems.iter().flat_map(Problem::header_names) {
        response = response.header(title_case(name), header(name));
    }
    response.build()
}

type NamedExample = (String, utoipa::openapi::example::Example);

/// The examples of an error in both of its forms, named by its code.
fn examples(problem: &Problem) -> (NamedExample, NamedExample) {
    let (plain, rfc9457) = problem.bodies(REQUEST_ID);
    let example = |body| {
        let example = ExampleBuilder::new().summary(problem.detail()).value(Some(body)).build();
        (problem.code().to_owned(), example)
    };
    (example(plain), example(rfc9457))
}

fn header(name: &HeaderName) -> Header {
    let (kind, description) = match *name {
        RETRY_AFTER => (Type::Integer, "Seconds after which to try again"),
        WWW_AUTHENTICATE => (Type::String, "The scheme by which to log in"),
        ALLOW => (Type::String, "The methods that the path has"),
        _ => (Type::String, "See the description of the API"),
    };
    let schema = ObjectBuilder::new().schema_type(SchemaType::new(kind));
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

/// `retry-after` as `Retry-After`; `www` as `WWW`.
fn title_case(name: &HeaderName) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        if word == "www" { "WWW".to_owned() } else { first.to_uppercase() + rest }
    };
    name.as_str().split('-').map(word).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn described(errors: ErrorResponses) -> Value {
        serde_json::to_value(responses(errors)).unwrap()
    }

    #[test]
    fn a_response_has_the_body_and_headers_of_its_problem() {
        let described = described(ErrorResponses::of_users());
        let unavailable = &described["503"];
        assert_eq!(unavailable["headers"]["Retry-After"]["schema"]["type"], "integer");
        let examples = &unavailable["content"]["application/json"]["examples"];
        assert_eq!(
            examples["service_unavailable"]["value"],
            json!({"detail": "Service unavailable, try again", "code": "service_unavailable", "request_id": REQUEST_ID})
        );
        assert!(examples["overloaded"].is_object());
        assert!(described["401"]["headers"]["WWW-Authenticate"].is_object());
        assert_eq!(described.get("422"), None);
    }

    #[test]
    fn the_example_of_a_422_is_a_field_that_the_route_may_read() {
        for (errors, part) in [
            (ErrorResponses::of_all().with_input(), "query"),
            (ErrorResponses::of_all().with_body(1), "body"),
            (ErrorResponses::of_all().with_body(1).with_input(), "body"),
        ] {
            let examples = &described(errors)["422"]["content"]["application/json"]["examples"];
            assert_eq!(examples["validation_error"]["value"]["detail"][0]["loc"][0], part);
        }
    }

    #[test]
    fn the_first_error_of_a_code_is_its_example() {
        let invalid = |text: &'static str| invalid(&["query", "cursor"], "value_error", text);
        let described = described(ErrorResponses::of_all().with([invalid("one"), invalid("two")]));
        let examples = described["422"]["content"]["application/json"]["examples"].as_object().unwrap();
        assert_eq!(examples.len(), 1);
        assert_eq!(examples["validation_error"]["value"]["detail"][0]["msg"], "one");
    }
}
