//! One attempt to get a response from one replica.

use super::body_error::SendError;
use super::body_sender::{BodySender, WaitingFor};
use super::headers::response_head;
use super::message::UpstreamRequest;
use crate::error::Error;
use crate::http1::connection::Connection;
use crate::http1::head::is_head_too_long;
use crate::timeouts::Timeouts;
use crate::upstream::balancer::Balancer;
use crate::upstream::connect::connect;
use crate::upstream::outlier::Failure;
use crate::upstream::pool::PooledReplica;
use crate::upstream::replica::InFlightGuard;
use actix_web::HttpResponse;
use shared_web::server::is_out_of_descriptors;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// Between two checks whether the replica was ejected while its response is awaited.
const EJECTION_POLL_INTERVAL: Duration = Duration::from_millis(500);

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an attempt has brought no response.
pub(super) enum AttemptError {
    /// None of these bytes was sent, so that the request is as new.
    Unsent(Vec<u8>, Cause),
    /// The request may have been read, and carried out.
    Sent { cause: Cause, was_reused: bool },
    /// Another replica would be no better.
    Final(Error),
}

/// An attempt.
pub(super) struct Attempt<'a> {
    pub(super) balancer: &'a Rc<Balancer>,
    pub(super) replica: &'a InFlightGuard<PooledReplica>,
    pub(super) request: &'a UpstreamRequest,
    pub(super) timeouts: Timeouts,
    pub(super) may_repeat: bool,
}

impl Attempt<'_> {
    /// Tries idle connections first. The service may have closed them: then nothing was sent.
    pub(super) async fn run(
        &self,
        mut unsent: Option<Vec<u8>>,
        body: &mut BodySender,
        may_reuse: bool,
    ) -> Result<(Connection, HttpResponse), AttemptError> {
        let now = Instant::now();
        while may_reuse && let Some(connection) = self.replica.pool.take(now) {
            match self.send(connection, Some(now), unsent.take(), body).await {
                Err(AttemptError::Unsent(bytes, _)) => unsent = Some(bytes),
                other => return other,
            }
        }
        let cluster = &self.balancer.cluster;
        // In a box, as it is large and seldom needed.
        let connected = connect(self.replica.address, &cluster.origin, self.timeouts.connect);
        match Box::pin(connected).await {
            Ok(connection) => self.send(connection, None, unsent, body).await,
            // Of the gateway's own making: it says nothing of the replica.
            Err(error) if is_out_of_descriptors(&error) => {
                Err(AttemptError::Final(Error::Overloaded(cluster.upstream)))
            }
            Err(error) => {
                self.replica.record_failure(Failure::NotReached, &error);
                cluster.refresh();
                Err(AttemptError::Unsent(unsent.unwrap_or_else(|| self.request.head.clone()), error.into()))
            }
        }
    }

    /// Sends the request on a connection; one that is reused was taken from the pool at the time `reused`.
    async fn send(
        &self,
        mut connection: Connection,
        reused: Option<Instant>,
        unsent: Option<Vec<u8>>,
        body: &mut BodySender,
    ) -> Result<(Connection, HttpResponse), AttemptError> {
        let sent = reused.unwrap_or_else(Instant::now);
        connection.begin(unsent.as_ref().unwrap_or(&self.request.head));
        connection.set_timer(self.next_check(sent, sent, body));
        let mut failed = None;
        let response = poll_fn(|context| {
            let response = self.poll_response(&mut connection, body, &mut failed, context);
            if let Poll::Ready(response) = response {
                return Poll::Ready(Ok(response));
            }
            loop {
                ready!(connection.poll_timer(context));
                self.check(sent, body)?;
                connection.set_timer(self.next_check(sent, Instant::now(), body));
            }
        });
        match response.await? {
            Ok(head) => {
                self.replica.record_success(sent);
                Ok((connection, head))
            }
            Err(error) => Err(self.attempt_error(error, connection, reused.is_some())),
        }
    }

    /// Tells a broken connection that has sent nothing from one on which the request was perhaps carried out.
    fn attempt_error(&self, error: SendError, mut connection: Connection, is_reused: bool) -> AttemptError {
        let unsent = (!connection.has_begun()).then(|| std::mem::take(connection.output()));
        match (error, unsent) {
            (SendError::Body(error), _) => {
                drop(connection);
                AttemptError::Final(error.into())
            }
            // Another replica would answer the same, and this one has answered.
            (SendError::Connection(cause), _) if is_head_too_long(&cause) => {
                let upstream = self.balancer.cluster.upstream;
                AttemptError::Final(Error::NoAnswer { upstream, source: cause.into() })
            }
            (SendError::Connection(cause), Some(unsent)) if is_reused => {
                AttemptError::Unsent(unsent, cause.into())
            }
            (SendError::Connection(cause), unsent) => {
                self.replica.record_failure(Failure::BrokenOff, &cause);
                match unsent {
                    Some(unsent) => AttemptError::Unsent(unsent, cause.into()),
                    None => AttemptError::Sent { cause: cause.into(), was_reused: is_reused },
                }
            }
        }
    }

    /// Sends the request, and reads the head of the response, which may come before all was sent. A service that reads no more
    /// has perhaps said why.
    fn poll_response(
        &self,
        connection: &mut Connection,
        body: &mut BodySender,
        failed: &mut Option<io::Error>,
        context: &mut Context<'_>,
    ) -> Poll<Result<HttpResponse, SendError>> {
        if failed.is_none() {
            match body.poll_send(connection, context) {
                Poll::Ready(Err(SendError::Connection(error))) if connection.has_begun() => {
                    *failed = Some(error);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
        }
        let head = ready!(connection.poll_head(context, self.request.is_head, response_head));
        Poll::Ready(head.map_err(|error| SendError::Connection(failed.take().unwrap_or(error))))
    }

    /// The time of the next [`Self::check`]: when a time limit is over, or sooner where the request could be repeated.
    fn next_check(&self, sent: Instant, now: Instant, body: &BodySender) -> Instant {
        let (side, since) = waiting(body, sent);
        // The side that it waits for may change meanwhile.
        let again = now + self.timeouts.response_head.min(self.timeouts.request_body);
        let deadline = again.min(since + time_limit(side, self.timeouts));
        let too_slow = body.deadline().filter(|_| side == WaitingFor::Client);
        let deadline = too_slow.map_or(deadline, |too_slow| too_slow.min(deadline));
        let may_repeat = self.may_repeat && body.can_repeat();
        if may_repeat { deadline.min(now + EJECTION_POLL_INTERVAL) } else { deadline }
    }

    /// Gives up when nothing has moved for too long, or when the replica was ejected and there is a better one.
    fn check(&self, sent: Instant, body: &BodySender) -> Result<(), AttemptError> {
        let (side, since) = waiting(body, sent);
        let now = Instant::now();
        let is_overdue = since + time_limit(side, self.timeouts) <= now;
        let is_too_slow = body.deadline().is_some_and(|deadline| deadline <= now);
        match side {
            WaitingFor::Client if is_too_slow || is_overdue => Err(AttemptError::Final(Error::BodyTooSlow)),
            WaitingFor::Service if is_overdue => {
                let error = Error::NoAnswerInTime(self.balancer.cluster.upstream);
                self.replica.record_failure(Failure::NoAnswer, &error);
                Err(AttemptError::Final(error))
            }
            _ if self.has_better_replica(body) => {
                Err(AttemptError::Sent { cause: "the replica was left out".into(), was_reused: false })
            }
            _ => Ok(()),
        }
    }

    fn has_better_replica(&self, body: &BodySender) -> bool {
        let may_repeat = self.may_repeat && body.can_repeat();
        may_repeat
            && self.replica.is_ejected()
            && self.balancer.retry_budget.has_retry()
            && self.balancer.has_other_healthy(&self.replica.pool)
    }
}

/// Which side a request waits for, and since when.
fn waiting(body: &BodySender, sent: Instant) -> (WaitingFor, Instant) {
    body.waiting().map_or((WaitingFor::Service, sent), |(side, since)| (side, since.max(sent)))
}

fn time_limit(side: WaitingFor, timeouts: Timeouts) -> Duration {
    match side {
        WaitingFor::Client => timeouts.request_body,
        WaitingFor::Service => timeouts.response_head,
    }
}
