//! The routes of the page's session. Each passes to a route of the auth service, and counts as that against every limit.

use super::table::{LOGIN, LOGOUT, REFRESH};
use actix_web::http::uri::PathAndQuery;
use std::sync::LazyLock;

/// The root of the session's routes: below the page, so that they are no part of the API.
const SESSION_ROOT: &str = "/ui/session";

static LOGIN_TARGET: LazyLock<PathAndQuery> = LazyLock::new(|| PathAndQuery::from_static(LOGIN));
static REFRESH_TARGET: LazyLock<PathAndQuery> = LazyLock::new(|| PathAndQuery::from_static(REFRESH));
static LOGOUT_TARGET: LazyLock<PathAndQuery> = LazyLock::new(|| PathAndQuery::from_static(LOGOUT));

/// A route of the page's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionRoute {
    /// Opens a session.
    Login,
    /// Continues it with the refresh token of the cookie.
    Refresh,
    /// Ends it.
    Logout,
}

impl SessionRoute {
    /// All routes.
    pub(crate) const ALL: [Self; 3] = [Self::Login, Self::Refresh, Self::Logout];

    /// The route of a path in its normal form.
    pub(crate) fn find(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.path() == path)
    }

    /// The path.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Login => "/ui/session/login",
            Self::Refresh => "/ui/session/refresh",
            Self::Logout => "/ui/session/logout",
        }
    }

    /// The path of the auth service that it passes to.
    pub(crate) fn target(self) -> &'static PathAndQuery {
        match self {
            Self::Login => &LOGIN_TARGET,
            Self::Refresh => &REFRESH_TARGET,
            Self::Logout => &LOGOUT_TARGET,
        }
    }
}

/// Whether a path is that of a session, or below it.
pub(crate) fn is_of_session(path: &str) -> bool {
    path.strip_prefix(SESSION_ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::class::RequestClass;
    use crate::routing::table::find;
    use actix_web::http::Method;

    #[test]
    fn each_session_route_passes_to_a_route_of_the_table_and_has_its_class() {
        for (route, class) in [
            (SessionRoute::Login, RequestClass::Password),
            (SessionRoute::Refresh, RequestClass::Write),
            (SessionRoute::Logout, RequestClass::Write),
        ] {
            let target = route.target().path();

            assert_eq!(find(target).unwrap().class(&Method::POST, target), class);
            assert_eq!(SessionRoute::find(route.path()), Some(route));
            assert!(is_of_session(route.path()));
        }
        assert_eq!(SessionRoute::find("/ui/session"), None);
        assert!(!is_of_session("/ui/sessions") && !is_of_session("/api/v1/auth/login"));
    }
}
