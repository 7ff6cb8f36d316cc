//! Forwards a request to a replica, and to another one where the first fails.

use super::attempt::{Attempt, AttemptError};
use super::body_sender::BodySender;
use super::headers::{BodyLength, set_request_headers};
use super::message::{UpstreamRequest, UpstreamResponse};
use super::request_head::{RequestHead, RequestHeaders};
use super::response_body::respond;
use super::telemetry::set_trace_headers;
use crate::downstream::client_ip::TrustedProxies;
use crate::error::Error;
use crate::rate_limit::user_streams::UserStreamPermit;
use crate::request_context::RequestContext;
use crate::routing::class::RequestClass;
use crate::routing::upstream::Upstream;
use crate::timeouts::Timeouts;
use crate::upstream::balancer::Balancer;
use crate::upstream::clusters::UpstreamClusters;
use crate::upstream::pool::PooledConnection;
use actix_web::HttpResponse;
use actix_web::http::Method;
use std::rc::Rc;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// One worker's proxy to the services: paths, queries and bodies go as they came, no redirect is followed and nothing is
/// unpacked.
pub(crate) struct Proxy {
    auth: Option<Rc<Balancer>>,
    chat: Option<Rc<Balancer>>,
    branch: Option<Rc<Balancer>>,
    answer: Option<Rc<Balancer>>,
    timeouts: Timeouts,
    trusted_proxies: TrustedProxies,
    draining: CancellationToken,
}

impl Proxy {
    /// A proxy without connections, which ends streams when `draining` is cancelled. Must be made on the worker's thread.
    pub(crate) fn new(
        clusters: &UpstreamClusters,
        timeouts: Timeouts,
        trusted_proxies: TrustedProxies,
        draining: CancellationToken,
    ) -> Self {
        let balancer = |upstream| clusters.of(upstream).map(Arc::clone).map(Balancer::new);
        Self {
            auth: balancer(Upstream::Auth),
            chat: balancer(Upstream::Chat),
            branch: balancer(Upstream::Branch),
            answer: balancer(Upstream::Answer),
            timeouts,
            trusted_proxies,
            draining,
        }
    }

    /// Whether there is this service.
    pub(crate) fn has(&self, upstream: Upstream) -> bool {
        self.balancer(upstream).is_ok()
    }

    fn balancer(&self, upstream: Upstream) -> Result<&Rc<Balancer>, Error> {
        let balancer = match upstream {
            Upstream::Auth => &self.auth,
            Upstream::Chat => &self.chat,
            Upstream::Branch => &self.branch,
            Upstream::Answer => &self.answer,
        };
        balancer.as_ref().ok_or(Error::NoRoute)
    }

    /// The balancer of a service, once its name was looked up.
    async fn resolved_balancer(&self, upstream: Upstream) -> Result<&Rc<Balancer>, Error> {
        let balancer = self.balancer(upstream)?;
        if !balancer.is_resolved() {
            Box::pin(balancer.wait_until_resolved()).await;
        }
        Ok(balancer)
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Responds to a request of this method with the response of a service. A stream holds the permit of its user until its end.
    pub(crate) fn respond(
        &self,
        response: UpstreamResponse,
        method: &Method,
        user_stream: Option<UserStreamPermit>,
    ) -> HttpResponse {
        respond(response, method, user_stream, self.timeouts, &self.draining)
    }

    /// The request to the service that a client's request becomes.
    pub(crate) fn request(
        &self,
        context: &RequestContext<'_>,
        length: BodyLength,
    ) -> Result<UpstreamRequest, Error> {
        self.request_with(context, context.request.method(), length)
    }

    /// The same with OPTIONS, and without a body.
    pub(super) fn options(&self, context: &RequestContext<'_>) -> Result<UpstreamRequest, Error> {
        let request = self.request_with(context, &Method::OPTIONS, BodyLength::None)?;
        Ok(UpstreamRequest { class: RequestClass::Read, ..request })
    }

    fn request_with(
        &self,
        context: &RequestContext<'_>,
        method: &Method,
        length: BodyLength,
    ) -> Result<UpstreamRequest, Error> {
        let mut headers = RequestHeaders::new();
        let host = &self.balancer(context.route.upstream)?.cluster.origin.host_header;
        let has_key = set_request_headers(&mut headers, context, host, &self.trusted_proxies, length);
        set_trace_headers(&mut headers, context.trace);
        let is_retryable = match *method {
            Method::GET | Method::HEAD | Method::OPTIONS => true,
            // The key that is sent decides, not the one that has come.
            Method::POST => has_key && context.route.is_idempotent(context.target.path()),
            _ => false,
        };
        let method =
            hyper::Method::from_bytes(method.as_str().as_bytes()).map_err(|_| Error::MethodNotImplemented)?;
        let target = context.target.as_str().parse().map_err(|_| Error::InvalidTarget)?;
        let head = RequestHead::new(method, target, headers);
        Ok(UpstreamRequest { head, is_retryable, class: context.class })
    }

    /// Sends a request with its body to a replica, and waits for the head of the response.
    ///
    /// As long as nothing was sent, it goes to the next replica. Once something was, it is sent again from its beginning only
    /// if the replay buffer has its body, which is so where repeating it does no harm; and only once, within the retry budget.
    pub(crate) async fn send(
        &self,
        request: &UpstreamRequest,
        mut body: BodySender,
        upstream: Upstream,
    ) -> Result<UpstreamResponse, Error> {
        let balancer = self.resolved_balancer(upstream).await?;
        balancer.retry_budget.deposit();
        body.read_ahead().await?;
        let no_answer = |source| Error::UpstreamUnavailable { upstream, source };
        let (mut unsent, mut tried) = (None, Vec::new());
        let mut replica = balancer.pick(&tried).ok_or(Error::NoAddress(upstream))?;
        let (mut retry_left, mut may_reuse) = (request.is_retryable, true);
        loop {
            let attempt = Attempt {
                balancer,
                replica: &replica,
                request,
                body: &body,
                timeouts: self.timeouts,
                retry_left,
            };
            let permit = replica.limits.acquire(request.class).await.ok_or(Error::Overloaded(upstream))?;
            let is_complete = body.completion_flag().map(|is_complete| move || is_complete.get());
            let run = attempt.run(unsent.take(), may_reuse);
            let (attempted, stream_permit) = permit.hold_during(is_complete, run).await;
            let cause = match attempted {
                Ok((connection, incoming)) => {
                    let connection = PooledConnection { connection, replica };
                    return Ok(UpstreamResponse { incoming, connection, stream_permit });
                }
                Err(AttemptError::Final(error)) => return Err(error),
                Err(AttemptError::Unsent(request, cause)) => {
                    unsent = request;
                    cause
                }
                Err(AttemptError::Sent { cause, was_reused }) => {
                    if !(retry_left && body.is_replayable() && balancer.retry_budget.withdraw()) {
                        return Err(no_answer(cause));
                    }
                    body.rewind();
                    (retry_left, may_reuse) = (false, false);
                    if was_reused && !balancer.has_other_healthy(&replica.pool) {
                        replica.record_retry();
                        continue;
                    }
                    cause
                }
            };
            tried.push(replica);
            replica = balancer.pick(&tried).ok_or_else(|| no_answer(cause))?;
            replica.record_retry();
        }
    }
}
