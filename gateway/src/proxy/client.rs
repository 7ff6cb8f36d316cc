//! Sending a request to a replica, and to another one where the first fails.

use super::pool::Lease;
use super::pools::Pools;
use super::tokens::Tokens;
use super::trip::{Miss, Trip};
use super::upload::Upload;
use super::{Kind, Route, Upstream};
use crate::config::Patience;
use crate::error::Error;
use crate::fleet::Fleet;
use actix_web::HttpResponse;
use std::rc::Rc;
use std::sync::Arc;

/// The services as one worker reaches them: paths, queries and bodies go as they came, no redirect is followed and nothing
/// is unpacked.
pub(crate) struct Proxy {
    auth: Rc<Pools>,
    chat: Rc<Pools>,
    branch: Rc<Pools>,
    patience: Patience,
    /// What this worker has checked.
    pub(super) tokens: Tokens,
}

/// A request without its body.
pub(super) struct Question {
    /// Its head, to the empty line.
    pub(super) head: Vec<u8>,
    /// Whether it is HEAD, whose answer has no body.
    pub(super) is_head: bool,
    /// Whether the head has an idempotency key.
    pub(super) has_key: bool,
    /// What it counts as among those that a replica has at once.
    pub(super) kind: Kind,
}

/// What a service answers: the head, a body that is still to come, and the connection on which it comes. Of the request's
/// body some may still be to be sent.
pub(super) struct Answer {
    pub(super) head: HttpResponse,
    pub(super) upload: Upload,
    pub(super) lease: Lease,
}

impl Proxy {
    /// A proxy without connections. Must be made on the worker's thread.
    pub(crate) fn new(fleet: &Arc<Fleet>, patience: Patience) -> Self {
        let pools = |upstream| Pools::new(Arc::clone(fleet.of(upstream)));
        Self {
            auth: pools(Upstream::Auth),
            chat: pools(Upstream::Chat),
            branch: pools(Upstream::Branch),
            patience,
            tokens: Tokens::default(),
        }
    }

    fn pools(&self, upstream: Upstream) -> &Rc<Pools> {
        match upstream {
            Upstream::Auth => &self.auth,
            Upstream::Chat => &self.chat,
            Upstream::Branch => &self.branch,
        }
    }

    /// The `Host` of requests to a service.
    pub(super) fn host(&self, upstream: Upstream) -> &str {
        &self.pools(upstream).service.origin.header
    }

    /// How long is waited for what.
    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    /// Sends a request with its body to a replica, and waits for the head of the answer.
    ///
    /// As long as nothing was sent, it goes to the next one. Once something was, it is made anew and sent again only if
    /// its body was kept, which is so where that does no harm; and only once, and within the budget.
    pub(super) async fn send(
        &self,
        question: &Question,
        mut upload: Upload,
        route: &Route,
    ) -> Result<Answer, Error> {
        let pools = self.pools(route.upstream);
        pools.budget.earn();
        if !pools.are_known() {
            Box::pin(pools.look_up()).await;
        }
        if let Err(stop) = upload.read_ahead().await {
            return Err(stop.tell());
        }
        let mut unsent = None;
        let mut tried = Vec::new();
        let mut flight = pools.choose(&tried).ok_or(Error::NoAddress(route.upstream))?;
        let mut may_repeat = true;
        let mut may_reuse = true;
        loop {
            let trip = Trip { pools, flight: &flight, question, patience: self.patience, may_repeat };
            let seat = flight.rooms.enter(question.kind).await.ok_or(Error::Overloaded(route.upstream))?;
            let is_whole = upload.coming().map(|whole| move || whole.get());
            let cause = match seat.during(is_whole, trip.make(unsent.take(), &mut upload, may_reuse)).await {
                Ok((connection, head)) => {
                    return Ok(Answer { head, upload, lease: Lease { connection, flight } });
                }
                Err(Miss::Final(error)) => return Err(error),
                Err(Miss::Unsent(bytes, cause)) => {
                    unsent = Some(bytes);
                    cause
                }
                Err(Miss::Sent { cause, was_reused }) => {
                    if !(may_repeat && upload.can_repeat() && pools.budget.spend()) {
                        return Err(Error::NoAnswer { upstream: route.upstream, source: cause });
                    }
                    upload.rewind();
                    (may_repeat, may_reuse) = (false, false);
                    if was_reused && !pools.have_another(&flight.pool) {
                        flight.is_retried();
                        continue;
                    }
                    cause
                }
            };
            tried.push(flight);
            flight = match pools.choose(&tried) {
                Some(next) => next,
                None => return Err(Error::NoAnswer { upstream: route.upstream, source: cause }),
            };
            flight.is_retried();
        }
    }
}
