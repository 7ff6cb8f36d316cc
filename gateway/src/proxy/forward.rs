//! Sending a request to a replica, and to another one where the first fails.

use super::attempt::{Attempt, AttemptError};
use super::body_sender::BodySender;
use super::headers::{BodyLength, for_service};
use super::message::{UpstreamRequest, UpstreamResponse};
use super::telemetry::continue_trace;
use crate::downstream::client_ip::TrustedProxies;
use crate::error::Error;
use crate::request_context::RequestContext;
use crate::routing::class::RequestClass;
use crate::routing::upstream::Upstream;
use crate::timeouts::Timeouts;
use crate::upstream::balancer::Balancer;
use crate::upstream::clusters::UpstreamClusters;
use crate::upstream::pool::PooledConnection;
use actix_web::http::Method;
use std::rc::Rc;
use std::sync::Arc;

/// The bytes that most heads have at most.
const HEAD: usize = 0x800;

/// The services as one worker reaches them: paths, queries and bodies go as they came, no redirect is followed and nothing
/// is unpacked.
pub(crate) struct Proxy {
    auth: Rc<Balancer>,
    chat: Rc<Balancer>,
    branch: Rc<Balancer>,
    patience: Timeouts,
    trusted_proxies: TrustedProxies,
}

impl Proxy {
    /// A proxy without connections. Must be made on the worker's thread.
    pub(crate) fn new(
        fleet: &Arc<UpstreamClusters>,
        patience: Timeouts,
        trusted_proxies: TrustedProxies,
    ) -> Self {
        let pools = |upstream| Balancer::new(Arc::clone(fleet.of(upstream)));
        Self {
            auth: pools(Upstream::Auth),
            chat: pools(Upstream::Chat),
            branch: pools(Upstream::Branch),
            patience,
            trusted_proxies,
        }
    }

    fn pools(&self, upstream: Upstream) -> &Rc<Balancer> {
        match upstream {
            Upstream::Auth => &self.auth,
            Upstream::Chat => &self.chat,
            Upstream::Branch => &self.branch,
        }
    }

    /// The request with which a service is asked for what a client asks.
    pub(crate) fn question(&self, context: &RequestContext<'_>, length: BodyLength) -> UpstreamRequest {
        self.question_with(context, context.request.method(), length)
    }

    /// The same with OPTIONS, and without a body.
    pub(super) fn options(&self, context: &RequestContext<'_>) -> UpstreamRequest {
        UpstreamRequest {
            kind: RequestClass::Read,
            ..self.question_with(context, &Method::OPTIONS, BodyLength::None)
        }
    }

    fn question_with(
        &self,
        context: &RequestContext<'_>,
        method: &Method,
        length: BodyLength,
    ) -> UpstreamRequest {
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
        UpstreamRequest { head, is_head: method == Method::HEAD, may_repeat, kind: context.class }
    }

    /// How long is waited for what.
    pub(crate) fn patience(&self) -> Timeouts {
        self.patience
    }

    /// Sends a request with its body to a replica, and waits for the head of the answer.
    ///
    /// As long as nothing was sent, it goes to the next one. Once something was, it is made anew and sent again only if
    /// its body was kept, which is so where that does no harm; and only once, and within the budget.
    pub(crate) async fn send(
        &self,
        question: &UpstreamRequest,
        mut upload: BodySender,
        upstream: Upstream,
    ) -> Result<UpstreamResponse, Error> {
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
            let trip = Attempt { pools, flight: &flight, question, patience: self.patience, may_repeat };
            let seat = flight.rooms.enter(question.kind).await.ok_or(Error::Overloaded(upstream))?;
            let is_whole = upload.coming().map(|whole| move || whole.get());
            let cause = match seat.during(is_whole, trip.make(unsent.take(), &mut upload, may_reuse)).await {
                Ok((connection, head)) => {
                    return Ok(UpstreamResponse {
                        head,
                        upload,
                        lease: PooledConnection { connection, flight },
                    });
                }
                Err(AttemptError::Final(error)) => return Err(error),
                Err(AttemptError::Unsent(bytes, cause)) => {
                    unsent = Some(bytes);
                    cause
                }
                Err(AttemptError::Sent { cause, was_reused }) => {
                    if !(may_repeat && upload.can_repeat() && pools.budget.spend()) {
                        return Err(Error::NoAnswer { upstream, source: cause });
                    }
                    upload.rewind();
                    (may_repeat, may_reuse) = (false, false);
                    if was_reused && !pools.have_another(&flight.pool) {
                        flight.record_retry();
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
            flight.record_retry();
        }
    }
}
