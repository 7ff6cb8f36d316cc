//! How many requests are taken of whom, and how many a replica has at once.
//!
//! What is counted is counted in this process: a second gateway counts for itself, so that two allow twice as much.

mod allowance;
mod byte_meter;
mod byte_rate;
mod capacity;
mod crowd;
mod limiter;
mod pace;
mod rates;
mod room;
mod seat;
mod seating;

pub(crate) use allowance::finish;
pub(crate) use byte_meter::ByteMeter;
pub use byte_rate::ByteRate;
pub use capacity::Capacity;
pub use rates::Rates;
pub(crate) use seating::{Rooms, Seating};
pub use shared::rate_limit::Rate;

use crate::edge::limited_address;
use crate::error::Error;
use crate::proxy::{Kind, LOGIN, REGISTER, Route, Upstream};
use actix_web::HttpRequest;
use actix_web::web::Data;
use allowance::Allowance;
use limiter::Limiter;
use shared::client_network::ClientNetwork;
use shared::identity::Identity;
use shared::metrics::Metrics;
use shared::problem::Problem;
use shared::rate_limit::SWEEP_INTERVAL;
use shared::server::Tasks;
use std::sync::Arc;

/// The limits on rates, which all workers share.
pub(crate) struct RateLimits(Option<Limiters>);

struct Limiters {
    login: Limiter,
    register: Limiter,
    anonymous: Limiter,
    passwords: Limiter,
    reads: Limiter,
    writes: Limiter,
    bytes: Limiter,
}

impl RateLimits {
    /// Limits with nothing used of them; `tasks` keep them small. None are none.
    pub(crate) fn new(rates: Option<Rates>, metrics: &Metrics, tasks: &Tasks) -> Arc<Self> {
        let limits = Arc::new(Self(rates.map(|rates| Limiters {
            login: Limiter::new("login", rates.login, metrics),
            register: Limiter::new("register", rates.register, metrics),
            anonymous: Limiter::new("anonymous", rates.anonymous, metrics),
            passwords: Limiter::new("passwords", rates.login, metrics),
            reads: Limiter::new("reads", rates.reads, metrics),
            writes: Limiter::new("writes", rates.writes, metrics),
            bytes: Limiter::of_bytes("bytes", rates.bytes, metrics),
        })));
        let (sweeping, stopping) = (Arc::clone(&limits), tasks.stopping().clone());
        tasks.spawn(async move { stopping.run_until_cancelled(sweeping.keep_sweeping()).await });
        limits
    }

    /// Takes a request that goes this route: of the user that the token names, or of the address that it comes from.
    ///
    /// A request whose token does not count is refused for that, unless its address has sent too many such.
    pub(crate) fn admit(
        &self,
        request: &HttpRequest,
        route: &Route,
        kind: Kind,
        caller: Result<Option<Identity>, Problem>,
    ) -> Result<(), Problem> {
        let Some(limiters) = &self.0 else {
            return caller.map(drop);
        };
        let (limiter, key) = match &caller {
            Ok(Some(identity)) => (limiters.of_users(kind), Some(key_of_user(identity))),
            Ok(None) => (limiters.of_addresses(route), key_of(request)),
            Err(_) => (&limiters.anonymous, key_of(request)),
        };
        take(limiter, key, request)?;
        caller.map(drop)
    }

    /// Takes a request that goes no route, because its head or its path was refused: of the user whose token it has, or of
    /// the address.
    pub(crate) fn admit_unrouted(
        &self,
        request: &HttpRequest,
        caller: Option<Identity>,
    ) -> Result<(), Error> {
        let Some(limiters) = &self.0 else {
            return Ok(());
        };
        let kind = Kind::of(request.method().as_str(), "");
        match &caller {
            Some(identity) => take(limiters.of_users(kind), Some(key_of_user(identity)), request),
            None => take(&limiters.anonymous, key_of(request), request),
        }
    }

    /// A meter for the body of a request that writes; `None` where its bytes are not limited. Those of the auth service are
    /// small, and who has written too much may still log out or change the password.
    pub(crate) fn byte_meter(
        limits: &Data<Self>,
        request: &HttpRequest,
        route: &Route,
        kind: Kind,
        caller: Option<Identity>,
    ) -> Option<ByteMeter> {
        let is_counted = limits.0.is_some() && kind == Kind::Write && route.upstream != Upstream::Auth;
        let caller = caller.filter(|_| is_counted)?;
        Some(ByteMeter::new(Data::clone(limits), request.clone(), caller.user_id))
    }

    async fn keep_sweeping(&self) {
        let Some(limiters) = &self.0 else {
            return;
        };
        loop {
            tokio::time::sleep(SWEEP_INTERVAL).await;
            limiters.all().into_iter().for_each(Limiter::sweep);
        }
    }
}

/// Takes one request of this key, unless that is none, and keeps what is left for the answer.
fn take(limiter: &Limiter, key: Option<u128>, request: &HttpRequest) -> Result<(), Error> {
    let Some(key) = key else {
        return Ok(());
    };
    let (allowance, taken) = limiter.take(key);
    allowance.keep(request, taken.is_err());
    taken.map_err(Error::RateLimited)
}

fn key_of_user(identity: &Identity) -> u128 {
    identity.user_id.as_uuid().as_u128()
}

fn key_of(request: &HttpRequest) -> Option<u128> {
    limited_address(request).map(|address| ClientNetwork::from(address).as_u128())
}

impl Limiters {
    fn of_users(&self, kind: Kind) -> &Limiter {
        match kind {
            Kind::Password => &self.passwords,
            Kind::Read => &self.reads,
            Kind::Write => &self.writes,
        }
    }

    fn of_addresses(&self, route: &Route) -> &Limiter {
        match route.prefix {
            LOGIN => &self.login,
            REGISTER => &self.register,
            _ => &self.anonymous,
        }
    }

    fn all(&self) -> [&Limiter; 7] {
        let Self { login, register, anonymous, passwords, reads, writes, bytes } = self;
        [login, register, anonymous, passwords, reads, writes, bytes]
    }
}
