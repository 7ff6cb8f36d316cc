//! Sending a request to a replica, and to another one where the first fails.

use super::attempt::{Miss, Trip};
use super::body_sender::Upload;
use super::headers::{BodyLength, for_service};
use super::message::{Answer, Question};
use super::telemetry::continue_trace;
use crate::downstream::client_ip::TrustedProxies;
use crate::error::Error;
use crate::request_context::RequestContext;
use crate::routing::class::Kind;
use crate::routing::upstream::Upstream;
use crate::timeouts::Patience;
use crate::upstream::balancer::Pools;
use crate::upstream::clusters::Fleet;
use crate::upstream::pool::Lease;
use actix_web::http::Method;
use std::rc::Rc;
use std::sync::Arc;

/// The bytes that most heads have at most.
const HEAD: usize = 0x800;

/// The services as one worker reaches them: paths, queries and bodies go as they came, no redirect is followed and nothing
/// is unpacked.
pub(crate) struct Proxy {
    auth: Rc<Pools>,
    chat: Rc<Pools>,
    branch: Rc<Pools>,
    patience: Patience,
    trusted_proxies: TrustedProxies,
}

impl Proxy {
    /// A proxy without connections. Must be made on the worker's thread.
    pub(crate) fn new(fleet: &Arc<Fleet>, patience: Patience, trusted_proxies: TrustedProxies) -> Self {
        let pools = |upstream| Pools::new(Arc::clone(fleet.of(upstream)));
        Self {
            auth: pools(Upstream::Auth),
            chat: pools(Upstream::Chat),
            branch: pools(Upstream::Branch),
            patience,
            trusted_proxies,
        }
    }

    fn pools(&self, upstream: Upstream) -> &Rc<Pools> {
        match upstream {
            Upstream::Auth => &self.auth,
            Upstream::Chat => &self.chat,
            Upstream::Branch => &self.branch,
        }
    }

    /// The request with which a service is asked for what a client asks.
    pub(crate) fn question(&self, context: &RequestContext<'_>, length: BodyLength) -> Question {
        self.question_with(context, context.request.method(), length)
    }

    /// The same with OPTIONS, and without a body.
    pub(super) fn options(&self, context: &RequestContext<'_>) -> Question {
        Question { kind: Kind::Read, ..self.question_with(context, &Method::OPTIONS, BodyLength::None) }
    }

    fn question_with(&self, context: &RequestContext<'_>, method: &Method, length: BodyLength) -> Question {
        let mut head = Vec::with_capacity(HEAD);
        for part in [method.as_str(), " ", context.target.as_str(), " HTTP/1.1\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        let host = &self.pools(context.route.upstream).service.origin.header;
        let has_key = for_service(&mut head, context, host, &self.trusted_proxies, length);
        continue_trace(&mut head, context.trace);
        head.extend_from_slice(b"\r\n");
        // What is sent decides, not what has come.
        let may_repeat = match *method {
            Method::GET | Method::HEAD | Method::OPTIONS => true,
            Method::POST => has_key && context.route.is_idempotent(context.target.path()),
            _ => false,
        };
        Question { head, is_head: method == Method::HEAD, may_repeat, kind: context.class }
    }

    /// How long is waited for what.
    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// Sends a request with its body to a replica, and waits for the head of the answer.
    ///
    /// As long as nothing was sent, it goes to the next one. Once something was, it is made anew and sent again only if
    /// its body was kept, which is so where that does no harm; and only once, and within the budget.
    pub(crate) async fn send(
        &self,
        question: &Question,
        mut upload: Upload,
        upstream: Upstream,
    ) -> Result<Answer, Error> {
        let pools = self.pools(upstream);
        pools.budget.earn();
        if !pools.are_known() {
            Box::pin(pools.look_up()).await;
        }
        if let Err(stop) = upload.read_ahead().await {
            return Err(stop.tell());
        }
        let mut unsent = None;
        let mut tried = Vec::new();
        let mut flight = pools.choose(&tried).ok_or(Error::NoAddress(upstream))?;
        let mut may_repeat = true;
        let mut may_reuse = true;
        loop {
            let trip = Trip { pools, flight: &flight, question, patience: self.patience, may_repeat };
            let seat = flight.rooms.enter(question.kind).await.ok_or(Error::Overloaded(upstream))?;
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
                        return Err(Error::NoAnswer { upstream, source: cause });
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
                None => return Err(Error::NoAnswer { upstream, source: cause }),
            };
            flight.is_retried();
        }
    }
}
