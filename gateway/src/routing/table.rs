//! The route table: which paths there are, which service has them, who may use them, and at what cost.

use super::class::RequestClass;
use super::upstream::Upstream;
use actix_web::http::Method;

/// The root of every route in the table.
pub(crate) const API_ROOT: &str = "/api/v1";

/// The login.
pub(crate) const LOGIN: &str = "/api/v1/auth/login";
/// The refresh of an access token.
pub(crate) const REFRESH: &str = "/api/v1/auth/refresh";
/// The logout.
pub(crate) const LOGOUT: &str = "/api/v1/auth/logout";
/// The token endpoint of OAuth 2. The grant stands in the body of a request, so that the auth service limits password grants,
/// and all others are limited as refreshes are.
pub(crate) const TOKEN: &str = "/api/v1/auth/token";
/// The registration.
pub(crate) const REGISTER: &str = "/api/v1/auth/register";

const CREATE_ANSWER: &str = "/api/v1/answers/create-answer";
const REGENERATE_ANSWER: &str = "/api/v1/answers/regenerate-answer";

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone. The route is this path alone.
    Public,
    /// Users with a token. The route is the path and all below it.
    Protected,
}

/// A route.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// The path; of a protected route, also the prefix of all below it.
    pub(crate) prefix: &'static str,
    /// The service that has it.
    pub(crate) upstream: Upstream,
    /// The users that may use it.
    pub(crate) access: Access,
    /// The paths on which a request that changes something may have a password checked or hashed.
    password_paths: &'static [&'static str],
    /// The paths on which POST honours `Idempotency-Key`. Elsewhere the header does nothing.
    idempotent_paths: &'static [&'static str],
    /// The paths on which, or below which, a response may be a stream of events.
    stream_paths: &'static [&'static str],
}

/// The first route that matches counts. None matches `/internal`.
const ROUTES: [Route; 12] = [
    public(REGISTER, Upstream::Auth).with_passwords(&[REGISTER]),
    public(LOGIN, Upstream::Auth).with_passwords(&[LOGIN]),
    public(REFRESH, Upstream::Auth),
    public(TOKEN, Upstream::Auth).with_passwords(&[TOKEN]),
    protected("/api/v1/auth", Upstream::Auth)
        .with_passwords(&["/api/v1/auth/change-password", "/api/v1/auth/me"]),
    protected("/api/v1/chats", Upstream::Chat)
        .with_idempotency(&["/api/v1/chats/create-chat", "/api/v1/chats/fork-chat"]),
    protected("/api/v1/conversations", Upstream::Chat).with_idempotency(&["/api/v1/conversations"]),
    protected("/api/v1/messages", Upstream::Branch)
        .with_idempotency(&["/api/v1/messages/add-message", "/api/v1/messages/edit-message"]),
    protected("/api/v1/branches", Upstream::Branch)
        .with_idempotency(&["/api/v1/branches/create-branch", "/api/v1/branches/cherry-pick"]),
    protected("/api/v1/answers", Upstream::Answer)
        .with_idempotency(&[CREATE_ANSWER, REGENERATE_ANSWER])
        .with_streams(&[CREATE_ANSWER, REGENERATE_ANSWER, "/api/v1/answers/stream-answer"]),
    protected("/api/v1/models", Upstream::Answer),
    protected("/api/v1/providers", Upstream::Answer),
];

/// What the table says of an operation, for the test that holds it to the documents of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The service that has it.
    pub upstream: Upstream,
    /// The users that may use it.
    pub access: Access,
    /// What it costs.
    pub class: RequestClass,
    /// Whether it is carried out once for each idempotency key.
    pub is_idempotent: bool,
}

/// The policy of an operation; `None` where there is no route.
pub fn policy(method: &str, path: &str) -> Option<Policy> {
    let (method, route) = (Method::from_bytes(method.as_bytes()).ok()?, find(path)?);
    Some(Policy {
        upstream: route.upstream,
        access: route.access,
        class: route.class(&method, path),
        is_idempotent: method == Method::POST && route.is_idempotent(path),
    })
}

/// The route of a path in its normal form.
pub(crate) fn find(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.matches(path))
}

/// Whether a path is the token endpoint, whose errors have the words of OAuth 2. A slash at its end does not count.
pub(crate) fn is_token_endpoint(path: &str) -> bool {
    path.trim_end_matches('/') == TOKEN
}

/// Whether a path is [`API_ROOT`], or below it.
pub(crate) fn is_of_api(path: &str) -> bool {
    is_at_or_below(path, API_ROOT)
}

fn is_at_or_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

const fn public(prefix: &'static str, upstream: Upstream) -> Route {
    let (access, none) = (Access::Public, [].as_slice());
    Route { prefix, upstream, access, password_paths: none, idempotent_paths: none, stream_paths: none }
}

const fn protected(prefix: &'static str, upstream: Upstream) -> Route {
    Route { access: Access::Protected, ..public(prefix, upstream) }
}

impl Route {
    const fn with_passwords(self, password_paths: &'static [&'static str]) -> Self {
        Self { password_paths, ..self }
    }

    const fn with_idempotency(self, idempotent_paths: &'static [&'static str]) -> Self {
        Self { idempotent_paths, ..self }
    }

    const fn with_streams(self, stream_paths: &'static [&'static str]) -> Self {
        Self { stream_paths, ..self }
    }

    fn matches(&self, path: &str) -> bool {
        match self.access {
            Access::Public => path == self.prefix,
            Access::Protected => is_at_or_below(path, self.prefix),
        }
    }

    /// The class of a request for a path of this route, which has no slash at its end.
    pub(crate) fn class(&self, method: &Method, path: &str) -> RequestClass {
        match RequestClass::of(method) {
            RequestClass::Write if self.password_paths.contains(&path) => RequestClass::Password,
            _ if matches!(*method, Method::GET | Method::POST) && self.has_streams(path) => {
                RequestClass::Answer
            }
            class => class,
        }
    }

    fn has_streams(&self, path: &str) -> bool {
        self.stream_paths.iter().any(|streams| is_at_or_below(path, streams))
    }

    /// Whether POST of a path of this route, which has no slash at its end, is carried out once for each idempotency key.
    pub(crate) fn is_idempotent(&self, path: &str) -> bool {
        self.idempotent_paths.contains(&path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Option<(Upstream, Access)> {
        find(path).map(|route| (route.upstream, route.access))
    }

    #[test]
    fn each_path_of_the_api_has_one_route() {
        let public = Some((Upstream::Auth, Access::Public));
        for path in [REGISTER, LOGIN, TOKEN, "/api/v1/auth/refresh"] {
            assert_eq!(found(path), public, "{path}");
        }
        for (path, upstream) in [
            ("/api/v1/auth", Upstream::Auth),
            ("/api/v1/auth/me", Upstream::Auth),
            ("/api/v1/auth/login/more", Upstream::Auth),
            ("/api/v1/auth/token/more", Upstream::Auth),
            ("/api/v1/chats/get-chat/7", Upstream::Chat),
            ("/api/v1/conversations", Upstream::Chat),
            ("/api/v1/conversations/7", Upstream::Chat),
            ("/api/v1/messages/add-message", Upstream::Branch),
            ("/api/v1/branches/a..b/...", Upstream::Branch),
            (CREATE_ANSWER, Upstream::Answer),
            ("/api/v1/models/get-models", Upstream::Answer),
            ("/api/v1/providers/set-key/openai", Upstream::Answer),
        ] {
            assert_eq!(found(path), Some((upstream, Access::Protected)), "{path}");
        }
    }

    #[test]
    fn post_honours_idempotency_keys_on_named_paths() {
        let is_idempotent = |path: &str| find(path).is_some_and(|route| route.is_idempotent(path));
        assert!(is_idempotent("/api/v1/conversations") && is_idempotent("/api/v1/messages/add-message"));
        assert!(is_idempotent(CREATE_ANSWER) && is_idempotent(REGENERATE_ANSWER));
        for path in [
            "/api/v1/conversations/7",
            "/api/v1/auth/register",
            "/api/v1/chats/create-chat/7",
            "/api/v1/answers/stop-answer/7",
        ] {
            assert!(!is_idempotent(path), "{path}");
        }
    }

    fn class(method: &str, path: &str) -> RequestClass {
        find(path).unwrap().class(&method.parse().unwrap(), path)
    }

    #[test]
    fn three_operations_may_answer_a_stream() {
        for (method, path) in
            [("POST", CREATE_ANSWER), ("POST", REGENERATE_ANSWER), ("GET", "/api/v1/answers/stream-answer/7")]
        {
            assert_eq!(class(method, path), RequestClass::Answer, "{method} {path}");
        }
        for (method, path, other) in [
            ("OPTIONS", CREATE_ANSWER, RequestClass::Read),
            ("HEAD", "/api/v1/answers/stream-answer/7", RequestClass::Read),
            ("GET", "/api/v1/answers/stream-answers", RequestClass::Read),
            ("GET", "/api/v1/answers/get-answer/7", RequestClass::Read),
            ("POST", "/api/v1/answers/stop-answer/7", RequestClass::Write),
            ("PUT", "/api/v1/providers/set-key/openai", RequestClass::Write),
        ] {
            assert_eq!(class(method, path), other, "{method} {path}");
        }
    }

    #[test]
    fn five_operations_may_check_a_password() {
        for (method, path) in [
            ("POST", LOGIN),
            ("POST", TOKEN),
            ("POST", REGISTER),
            ("PUT", "/api/v1/auth/change-password"),
            ("DELETE", "/api/v1/auth/me"),
        ] {
            assert_eq!(class(method, path), RequestClass::Password, "{method} {path}");
        }
        assert_eq!(class("GET", "/api/v1/auth/me"), RequestClass::Read);
        assert_eq!(class("OPTIONS", LOGIN), RequestClass::Read);
        assert_eq!(class("POST", "/api/v1/auth/refresh"), RequestClass::Write);
    }

    #[test]
    fn other_paths_have_no_route() {
        for path in [
            "/",
            "/api/v1",
            "/api/v1/chatsx",
            "/api/v1/answersx",
            "/api/v2/chats",
            "/API/v1/chats",
            "/internal/users/7",
            "/api/v1/internal",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
