//! Admission: which rate limit a request counts against, and whether it is taken.

use super::config::RateLimitConfig;
use super::limiter::Limiter;
use super::user_streams::{UserStreamLimiter, UserStreamPermit};
use crate::downstream::client_ip::TrustedProxies;
use crate::error::Error;
use crate::request_context::RequestContext;
use crate::routing::class::RequestClass;
use crate::routing::table::{LOGIN, REGISTER, Route};
use actix_web::HttpRequest;
use actix_web::http::Method;
use shared::rate_limit::SWEEP_INTERVAL;
use shared::tasks::Tasks;
use shared_web::caller::Identity;
use shared_web::client_network::ClientNetwork;
use shared_web::metrics::Metrics;
use shared_web::problem::Problem;
use std::sync::Arc;

/// All rate limits, which the workers share.
pub(crate) struct RateLimits {
    /// `None` where nothing is limited.
    limiters: Option<Limiters>,
    trusted_proxies: TrustedProxies,
}

struct Limiters {
    login: Limiter,
    register: Limiter,
    anonymous: Limiter,
    passwords: Limiter,
    reads: Limiter,
    writes: Limiter,
    bytes: Limiter,
    streams: Arc<UserStreamLimiter>,
}

impl RateLimits {
    /// Unused limits, or none; spawns their sweep as one of `tasks`.
    pub(crate) fn new(
        config: Option<RateLimitConfig>,
        trusted_proxies: TrustedProxies,
        metrics: &Metrics,
        tasks: &Tasks,
    ) -> Arc<Self> {
        let limiters = config.map(|rates| Limiters {
            login: Limiter::new("login", rates.login, metrics),
            register: Limiter::new("register", rates.register, metrics),
            anonymous: Limiter::new("anonymous", rates.anonymous, metrics),
            passwords: Limiter::new("passwords", rates.login, metrics),
            reads: Limiter::new("reads", rates.reads, metrics),
            writes: Limiter::new("writes", rates.writes, metrics),
            bytes: Limiter::of_bytes("bytes", rates.bytes, metrics),
            streams: UserStreamLimiter::new(rates.streams, metrics),
        });
        let limits = Arc::new(Self { limiters, trusted_proxies });
        let sweeping = Arc::clone(&limits);
        tasks.every(SWEEP_INTERVAL, move || {
            sweeping.sweep();
            std::future::ready(())
        });
        limits
    }

    /// Takes a request with a route, by the user of its token or by its address.
    ///
    /// A request whose token is refused fails with that, or with 429 after too many of them from its address.
    pub(crate) fn admit(
        &self,
        context: &RequestContext<'_>,
        user: Result<Option<Identity>, Problem>,
    ) -> Result<(), Problem> {
        let Some(limiters) = &self.limiters else {
            return user.map(drop);
        };
        let (limiter, key) = match &user {
            Ok(Some(identity)) => {
                (limiters.of_user(context.class, context.request.method()), Some(key_of_user(identity)))
            }
            Ok(None) => (limiters.of_address(context.route), self.key_of_address(context.request)),
            Err(_) => (&limiters.anonymous, self.key_of_address(context.request)),
        };
        take(limiter, key, context.request)?;
        user.map(drop)
    }

    /// Opens a stream for a request of a user whose response may be one. `None` where nothing is limited.
    pub(crate) fn open_stream(
        &self,
        context: &RequestContext<'_>,
    ) -> Result<Option<UserStreamPermit>, Error> {
        match (&self.limiters, context.class, context.user) {
            (Some(limiters), RequestClass::Answer, Some(user)) => {
                limiters.streams.open(user.user_id, context.request).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Takes a request without a route, as its head or its path was refused, by the user of its token or by its address.
    pub(crate) fn admit_unrouted(&self, request: &HttpRequest, user: Option<Identity>) -> Result<(), Error> {
        let Some(limiters) = &self.limiters else {
            return Ok(());
        };
        let method = request.method();
        match &user {
            Some(identity) => {
                let limiter = limiters.of_user(RequestClass::of(method), method);
                take(limiter, Some(key_of_user(identity)), request)
            }
            None => take(&limiters.anonymous, self.key_of_address(request), request),
        }
    }

    /// The limit on the bytes that a user writes; `None` where nothing is limited.
    pub(super) fn bytes(&self) -> Option<&Limiter> {
        self.limiters.as_ref().map(|limiters| &limiters.bytes)
    }

    fn key_of_address(&self, request: &HttpRequest) -> Option<u128> {
        let address = self.trusted_proxies.limited_address(request);
        address.map(|address| ClientNetwork::from(address).as_u128())
    }

    fn sweep(&self) {
        self.limiters.iter().flat_map(Limiters::all).for_each(Limiter::sweep);
    }
}

/// Takes one request of this key, if there is one, and keeps what is left for the headers of the response.
fn take(limiter: &Limiter, key: Option<u128>, request: &HttpRequest) -> Result<(), Error> {
    let Some(key) = key else {
        return Ok(());
    };
    let (headers, taken) = limiter.take(key);
    headers.keep(request, taken.is_err());
    taken.map_err(Error::RateLimited)
}

fn key_of_user(identity: &Identity) -> u128 {
    identity.user_id.as_uuid().as_u128()
}

impl Limiters {
    fn of_user(&self, class: RequestClass, method: &Method) -> &Limiter {
        match class {
            RequestClass::Password => &self.passwords,
            RequestClass::Read | RequestClass::Write | RequestClass::Answer => {
                if RequestClass::of(method) == RequestClass::Read { &self.reads } else { &self.writes }
            }
        }
    }

    fn of_address(&self, route: &Route) -> &Limiter {
        match route.prefix {
            LOGIN => &self.login,
            REGISTER => &self.register,
            _ => &self.anonymous,
        }
    }

    fn all(&self) -> [&Limiter; 7] {
        let Self { login, register, anonymous, passwords, reads, writes, bytes, streams: _ } = self;
        [login, register, anonymous, passwords, reads, writes, bytes]
    }
}
