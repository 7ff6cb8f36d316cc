//! The session of the gateway's own page: its refresh token is kept in a cookie that no script can read, and no service sees.
//! [`crate::pipeline`] passes its requests to the auth service.

pub(crate) mod cookie;
pub(crate) mod same_origin;
pub(crate) mod tokens;

use crate::downstream::client_ip::TrustedProxies;
use std::time::Duration;

/// The configuration of the session's routes.
#[derive(Debug, Clone)]
pub(crate) struct SessionSettings {
    /// The proxies that say by which scheme and host the client sees the gateway.
    pub(crate) trusted_proxies: TrustedProxies,
    /// How long a browser keeps the cookie: the lifetime of a refresh token.
    pub(crate) cookie_max_age: Duration,
}
