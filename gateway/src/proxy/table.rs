//! The one table of routes: which paths there are, whose they are, and who may ask for them.

use shared::identity::Service;
use std::fmt;

/// The root of every route in the table.
pub(crate) const API_ROOT: &str = "/api/v1";

/// Where a user logs in.
pub(crate) const LOGIN: &str = "/api/v1/auth/login";
/// The token endpoint of OAuth 2. Which grant a request asks for stands in its body, so that password grants are limited by
/// the auth service and all others as refreshes are.
pub(crate) const TOKEN: &str = "/api/v1/auth/token";
/// Where a user registers.
pub(crate) const REGISTER: &str = "/api/v1/auth/register";

/// A service that requests are passed on to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// Users and tokens.
    Auth,
    /// Chats and conversation records.
    Chat,
    /// Messages and branches.
    Branch,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anyone. The route is the one path.
    Public,
    /// Who has a token. The route is the path and all below it.
    Protected,
}

/// What a request costs a service. Each kind has limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
    /// A password is checked or hashed for it, or may be, which takes a core for some 200 ms.
    Password,
}

impl Kind {
    /// The kind of a request with this path, which has no slash at its end.
    pub(crate) fn of(method: &str, path: &str) -> Self {
        match (method, path) {
            ("GET" | "HEAD" | "OPTIONS", _) => Self::Read,
            (_, LOGIN | TOKEN | REGISTER | "/api/v1/auth/change-password" | "/api/v1/auth/me") => {
                Self::Password
            }
            _ => Self::Write,
        }
    }
}

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// The path, and where it is protected the beginning of all below it.
    pub(crate) prefix: &'static str,
    /// Whose it is.
    pub(crate) upstream: Upstream,
    /// Who may use it.
    pub(crate) access: Access,
}

/// The first line that fits counts. `/internal` is in none of them.
const ROUTES: [Route; 9] = [
    public(REGISTER, Upstream::Auth),
    public(LOGIN, Upstream::Auth),
    public("/api/v1/auth/refresh", Upstream::Auth),
    public(TOKEN, Upstream::Auth),
    protected("/api/v1/auth", Upstream::Auth),
    protected("/api/v1/chats", Upstream::Chat),
    protected("/api/v1/conversations", Upstream::Chat),
    protected("/api/v1/messages", Upstream::Branch),
    protected("/api/v1/branches", Upstream::Branch),
];

/// The routes on which `Idempotency-Key` counts, for POST. Elsewhere it does nothing.
const KEYED: [&str; 4] = [
    "/api/v1/chats/create-chat",
    "/api/v1/conversations",
    "/api/v1/messages/add-message",
    "/api/v1/branches/create-branch",
];

/// Whether POST of a path, which has no slash at its end, is carried out once however often it comes with the same key.
pub(crate) fn counts_key(path: &str) -> bool {
    KEYED.contains(&path)
}

/// The route of a path in its normal form.
pub(crate) fn find(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.begins(path))
}

const fn public(prefix: &'static str, upstream: Upstream) -> Route {
    Route { prefix, upstream, access: Access::Public }
}

const fn protected(prefix: &'static str, upstream: Upstream) -> Route {
    Route { prefix, upstream, access: Access::Protected }
}

impl Route {
    fn begins(&self, path: &str) -> bool {
        path.strip_prefix(self.prefix).is_some_and(|rest| match self.access {
            Access::Public => rest.is_empty(),
            Access::Protected => rest.is_empty() || rest.starts_with('/'),
        })
    }
}

impl Upstream {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auth, Self::Chat, Self::Branch];

    /// The service's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => Service::Auth.name(),
            Self::Chat => Service::Chat.name(),
            Self::Branch => Service::Branch.name(),
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Option<(Upstream, Access)> {
        find(path).map(|route| (route.upstream, route.access))
    }

    #[test]
    fn a_path_belongs_to_one_service() {
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
        ] {
            assert_eq!(found(path), Some((upstream, Access::Protected)), "{path}");
        }
    }

    #[test]
    fn a_key_counts_on_four_routes() {
        assert!(counts_key("/api/v1/conversations") && counts_key("/api/v1/messages/add-message"));
        for path in ["/api/v1/conversations/7", "/api/v1/auth/register", "/api/v1/chats/create-chat/7"] {
            assert!(!counts_key(path), "{path}");
        }
    }

    #[test]
    fn a_password_may_be_checked_on_five_routes() {
        let kind = |method: &str, path: &str| Kind::of(method, path);
        for (method, path) in [
            ("POST", LOGIN),
            ("POST", TOKEN),
            ("POST", REGISTER),
            ("PUT", "/api/v1/auth/change-password"),
            ("DELETE", "/api/v1/auth/me"),
        ] {
            assert_eq!(kind(method, path), Kind::Password, "{method} {path}");
        }
        assert_eq!(kind("GET", "/api/v1/auth/me"), Kind::Read);
        assert_eq!(kind("OPTIONS", LOGIN), Kind::Read);
        assert_eq!(kind("POST", "/api/v1/auth/refresh"), Kind::Write);
    }

    #[test]
    fn other_paths_belong_to_none() {
        for path in [
            "/",
            "/api/v1",
            "/api/v1/chatsx",
            "/api/v2/chats",
            "/API/v1/chats",
            "/internal/users/7",
            "/api/v1/internal",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
