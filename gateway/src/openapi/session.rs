//! The routes of the page's session in the document. Their errors are those of the routes that they pass to.

use super::document::Paths;
use super::operation::Additions;
use crate::error::Error;
use crate::routing::session::SessionRoute;
use crate::routing::table::{Access, LOGIN, REFRESH};
use crate::routing::upstream::Upstream;
use serde_json::{Map, Value, json};
use shared_web::openapi::{ErrorResponses, responses};
use shared_web::problem::Problem;

/// The tag of the routes.
pub(super) const TAG: &str = "session";

/// The tag with its description.
pub(super) fn tag() -> Value {
    json!({"name": TAG, "description": "The sign-in of the page `/ui/`; other clients use `auth`"})
}

/// Adds the routes, where the document has those that they pass to.
pub(super) fn add_to(paths: &mut Paths) {
    for route in SessionRoute::ALL {
        if let Some(operation) = operation(route, paths) {
            paths.insert(route.path().to_owned(), [("post".to_owned(), operation)].into_iter().collect());
        }
    }
}

fn operation(route: SessionRoute, paths: &Paths) -> Option<Value> {
    // A logout uses the token first, as a refresh does.
    let source = if route == SessionRoute::Login { LOGIN } else { REFRESH };
    let passed_to = paths.get(source)?.get("post")?;
    let (id, summary, description) = texts(route);
    let mut operation = json!({
        "operationId": id, "summary": summary, "description": description, "tags": [TAG],
        "requestBody": request_body(route, passed_to), "responses": success(route),
    });
    let members = operation.as_object_mut()?;
    members.get_mut("responses")?.as_object_mut()?.extend(cross_site());
    Additions::for_service(Upstream::Auth).add_to(members, Access::Public);
    // They have the same additions already, and may be references.
    members.get_mut("responses")?.as_object_mut()?.extend(errors(route, passed_to));
    Some(operation)
}

fn texts(route: SessionRoute) -> (&'static str, &'static str, &'static str) {
    match route {
        SessionRoute::Login => (
            "session_login",
            "Sign in on the page",
            "As `/api/v1/auth/login`, but the refresh token goes into a cookie that no script can read. For pages of this origin alone.",
        ),
        SessionRoute::Refresh => (
            "session_refresh",
            "Get a new access token for the page",
            "As `/api/v1/auth/refresh`, with the refresh token of the cookie, which is replaced. Where nobody is signed in it is a 204.",
        ),
        SessionRoute::Logout => (
            "session_logout",
            "Sign out on the page",
            "Revokes the refresh token of the cookie and all of its family, and removes the cookie.",
        ),
    }
}

fn request_body(route: SessionRoute, passed_to: &Value) -> Value {
    let empty = json!({"required": true, "content": {"application/json": {"schema": {"type": "object"}, "example": {}}}});
    match route {
        SessionRoute::Login => passed_to.get("requestBody").cloned().unwrap_or(empty),
        SessionRoute::Refresh | SessionRoute::Logout => empty,
    }
}

fn success(route: SessionRoute) -> Value {
    let cookie = |text: &str| json!({"Set-Cookie": {"description": text, "schema": {"type": "string"}}});
    let (set, removed) = (cookie("The refresh token"), cookie("Removes the refresh token"));
    let schema = json!({
        "type": "object",
        "required": ["access_token", "token_type", "expires_in"],
        "properties": {
            "access_token": {"type": "string"},
            "token_type": {"type": "string", "example": "bearer"},
            "expires_in": {"type": "integer", "example": 3600, "description": "Seconds for which the access token counts"},
        },
    });
    let issued = json!({"description": "An access token", "headers": set, "content": {"application/json": {"schema": schema}}});
    let signed_out = json!({"description": "Nobody is signed in", "headers": removed});
    match route {
        SessionRoute::Login => json!({"200": issued}),
        SessionRoute::Refresh => json!({"200": issued, "204": signed_out}),
        SessionRoute::Logout => json!({"204": signed_out}),
    }
}

/// The errors of the route that it passes to. A cookie that does not count is none.
fn errors(route: SessionRoute, passed_to: &Value) -> impl Iterator<Item = (String, Value)> {
    let responses = passed_to.get("responses").and_then(Value::as_object).into_iter().flatten();
    let is_told = move |status: &str| match route {
        SessionRoute::Login => true,
        SessionRoute::Refresh | SessionRoute::Logout => !matches!(status, "401" | "422"),
    };
    let errors = responses.filter(move |(status, _)| !status.starts_with('2') && is_told(status));
    errors.map(|(status, response)| (status.clone(), response.clone()))
}

fn cross_site() -> Map<String, Value> {
    let refusal = ErrorResponses::default().with([Problem::from(Error::CrossSite)]);
    let described = responses(refusal).into_iter();
    // A response has only texts, so serialization cannot fail.
    described.filter_map(|(status, response)| Some((status, serde_json::to_value(response).ok()?))).collect()
}
