//! One attempt to get a response from one replica.

use super::body_sender::BodySender;
use super::message::UpstreamRequest;
use super::streamed_body::WaitingFor;
use crate::error::Error;
use crate::timeouts::Timeouts;
use crate::upstream::balancer::Balancer;
use crate::upstream::connect::connect;
use crate::upstream::connection::{Connection, IncomingResponse, OutgoingRequest, Unanswered};
use crate::upstream::outlier::Failure;
use crate::upstream::pool::PooledReplica;
use crate::upstream::replica::InFlightGuard;
use shared_web::server::is_out_of_descriptors;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// Between two checks whether the replica was ejected while its response is awaited.
const EJECTION_POLL_INTERVAL: Duration = Duration::from_millis(500);

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an attempt has brought no response.
pub(super) enum AttemptError {
    /// Nothing was sent, so that the request is as new. It is there unless the connection has kept it.
    Unsent(Option<Box<OutgoingRequest>>, Cause),
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
    pub(super) body: &'a BodySender,
    pub(super) timeouts: Timeouts,
    pub(super) retry_left: bool,
}

impl Attempt<'_> {
    /// Tries idle connections first. The service may have closed them: then nothing was sent.
    pub(super) async fn run(
        &self,
        unsent: Option<Box<OutgoingRequest>>,
        may_reuse: bool,
    ) -> Result<(Connection, IncomingResponse), AttemptError> {
        let mut request = self.unsent_or_new(unsent);
        let now = Instant::now();
        while may_reuse && let Some(connection) = self.replica.pool.take(now) {
            match self.send(connection, Some(now), request).await {
                Err(AttemptError::Unsent(unsent, _)) => request = self.unsent_or_new(unsent),
                other => return other,
            }
        }
        let cluster = &self.balancer.cluster;
        let connected = async {
            let stream = connect(self.replica.address, &cluster.origin, self.timeouts.connect).await?;
            Connection::new(stream).await.map_err(io::Error::other)
        };
        // In a box, as it is large and seldom needed.
        match Box::pin(connected).await {
            Ok(connection) => self.send(connection, None, request).await,
            // Of the gateway's own making: it says nothing of the replica.
            Err(error) if is_out_of_descriptors(&error) => {
                Err(AttemptError::Final(Error::Overloaded(cluster.upstream)))
            }
            Err(error) => {
                self.replica.record_failure(Failure::ConnectFailed, &error);
                cluster.refresh();
                Err(AttemptError::Unsent(Some(Box::new(request)), error.into()))
            }
        }
    }

    fn unsent_or_new(&self, unsent: Option<Box<OutgoingRequest>>) -> OutgoingRequest {
        unsent.map_or_else(|| self.request.head.with_body(self.body.outgoing()), |request| *request)
    }

    /// Sends the request on a connection; one that is reused was taken from the pool at the time `reused`.
    async fn send(
        &self,
        mut connection: Connection,
        reused: Option<Instant>,
        request: OutgoingRequest,
    ) -> Result<(Connection, IncomingResponse), AttemptError> {
        let sent = reused.unwrap_or_else(Instant::now);
        self.body.begin(connection.progress());
        let mut response = pin!(connection.send(request));
        connection.set_timer(self.next_check(sent, sent));
        let response = poll_fn(|context| {
            if let Poll::Ready(response) = connection.poll_response(response.as_mut(), context) {
                return Poll::Ready(Ok(response));
            }
            loop {
                ready!(connection.poll_timer(context));
                self.check(sent)?;
                connection.set_timer(self.next_check(sent, Instant::now()));
            }
        });
        match response.await? {
            Ok(response) => {
                self.body.record_answer();
                self.replica.record_success(sent);
                Ok((connection, response))
            }
            Err(unanswered) => Err(self.attempt_error(unanswered, &connection, reused.is_some())),
        }
    }

    /// Tells a broken connection that has sent nothing from one on which the request was perhaps carried out.
    fn attempt_error(
        &self,
        unanswered: Unanswered,
        connection: &Connection,
        is_reused: bool,
    ) -> AttemptError {
        let Unanswered { unsent, error } = unanswered;
        if let Some(error) = self.body.error() {
            return AttemptError::Final(error.into());
        }
        // Another replica would answer the same, and this one has answered.
        if error.is_head_too_large() {
            let upstream = self.balancer.cluster.upstream;
            return AttemptError::Final(Error::UpstreamUnavailable { upstream, source: error.into() });
        }
        let is_unsent = !connection.progress().has_begun();
        if !(is_unsent && is_reused) {
            self.replica.record_failure(Failure::ConnectionBroken, &error);
        }
        if is_unsent {
            self.body.take_back();
            AttemptError::Unsent(unsent, error.into())
        } else {
            AttemptError::Sent { cause: error.into(), was_reused: is_reused }
        }
    }

    /// The time of the next [`Self::check`]: when a time limit is over, or sooner where the request could be repeated.
    fn next_check(&self, sent: Instant, now: Instant) -> Instant {
        let body = self.body;
        let (side, since) = waiting(body, sent);
        // The side that it waits for may change meanwhile.
        let again = now + self.timeouts.response_head.min(self.timeouts.request_body);
        let deadline = again.min(since + time_limit(side, self.timeouts));
        let too_slow = body.deadline().filter(|_| side == WaitingFor::Client);
        let deadline = too_slow.map_or(deadline, |too_slow| too_slow.min(deadline));
        let may_retry = self.retry_left && body.is_replayable();
        if may_retry { deadline.min(now + EJECTION_POLL_INTERVAL) } else { deadline }
    }

    /// Gives up when nothing has moved for too long, or when the replica was ejected and there is a better one.
    fn check(&self, sent: Instant) -> Result<(), AttemptError> {
        let body = self.body;
        let (side, since) = waiting(body, sent);
        let now = Instant::now();
        let is_overdue = since + time_limit(side, self.timeouts) <= now;
        let is_too_slow = body.deadline().is_some_and(|deadline| deadline <= now);
        match side {
            WaitingFor::Client if is_too_slow || is_overdue => Err(AttemptError::Final(Error::BodyTooSlow)),
            WaitingFor::Service if is_overdue => {
                let error = Error::UpstreamTimeout(self.balancer.cluster.upstream);
                self.replica.record_failure(Failure::ResponseTimeout, &error);
                Err(AttemptError::Final(error))
            }
            _ if self.has_better_replica() => {
                Err(AttemptError::Sent { cause: "the replica was left out".into(), was_reused: false })
            }
            _ => Ok(()),
        }
    }

    fn has_better_replica(&self) -> bool {
        let may_retry = self.retry_left && self.body.is_replayable();
        may_retry
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
