//! One try to get an answer from one replica.

use super::body_error::SendError;
use super::body_sender::{BodySender, WaitingFor};
use super::headers::for_client;
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
use shared::server::is_out_of_descriptors;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// How often one who waits for an answer looks whether the replica was put out meanwhile.
const GLANCE: Duration = Duration::from_millis(500);

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a try has brought no answer.
pub(super) enum AttemptError {
    /// Nothing of these bytes was sent, so that the request is as new.
    Unsent(Vec<u8>, Cause),
    /// It may have been read, and carried out.
    Sent { cause: Cause, was_reused: bool },
    /// Another replica would be no better.
    Final(Error),
}

/// A try.
pub(super) struct Attempt<'a> {
    pub(super) pools: &'a Rc<Balancer>,
    pub(super) flight: &'a InFlightGuard<PooledReplica>,
    pub(super) question: &'a UpstreamRequest,
    pub(super) patience: Timeouts,
    pub(super) may_repeat: bool,
}

impl Attempt<'_> {
    /// Uses idle connections first. The service may have closed them: then nothing was sent.
    pub(super) async fn make(
        &self,
        mut unsent: Option<Vec<u8>>,
        upload: &mut BodySender,
        may_reuse: bool,
    ) -> Result<(Connection, HttpResponse), AttemptError> {
        let now = Instant::now();
        while may_reuse && let Some(connection) = self.flight.pool.take(now) {
            match self.send(connection, now, unsent.take(), upload, true).await {
                Err(AttemptError::Unsent(bytes, _)) => unsent = Some(bytes),
                other => return other,
            }
        }
        // In a box, as it is large and seldom needed.
        let connected = connect(self.flight.address, &self.pools.service.origin, self.patience.connect);
        match Box::pin(connected).await {
            Ok(connection) => self.send(connection, Instant::now(), unsent, upload, false).await,
            // Of the gateway's own making: it says nothing of the replica.
            Err(error) if is_out_of_descriptors(&error) => {
                Err(AttemptError::Final(Error::Overloaded(self.pools.service.upstream)))
            }
            Err(error) => {
                self.flight.failed(Failure::NotReached, &error);
                self.pools.service.look_again();
                Err(AttemptError::Unsent(unsent.unwrap_or_else(|| self.question.head.clone()), error.into()))
            }
        }
    }

    async fn send(
        &self,
        mut connection: Connection,
        sent: Instant,
        unsent: Option<Vec<u8>>,
        upload: &mut BodySender,
        is_reused: bool,
    ) -> Result<(Connection, HttpResponse), AttemptError> {
        connection.begin(unsent.as_ref().unwrap_or(&self.question.head));
        connection.set_timer(self.next_look(sent, sent, upload));
        let mut failed = None;
        let halt = poll_fn(|context| {
            if let Poll::Ready(answer) = self.poll_answer(&mut connection, upload, &mut failed, context) {
                return Poll::Ready(Ok(answer));
            }
            loop {
                ready!(connection.poll_timer(context));
                self.look(sent, upload)?;
                connection.set_timer(self.next_look(sent, Instant::now(), upload));
            }
        });
        match halt.await? {
            Ok(head) => {
                self.flight.succeeded(sent);
                Ok((connection, head))
            }
            Err(halt) => Err(self.missed(halt, connection, is_reused)),
        }
    }

    /// Why no answer has come, where sending or reading has come to an end.
    fn missed(&self, halt: SendError, mut connection: Connection, is_reused: bool) -> AttemptError {
        let unsent = (!connection.has_begun()).then(|| std::mem::take(connection.output()));
        match (halt, unsent) {
            (SendError::Stopped(stop), _) => {
                drop(connection);
                AttemptError::Final(stop.tell())
            }
            // Another replica would answer the same, and this one has answered.
            (SendError::Broken(cause), _) if is_head_too_long(&cause) => {
                AttemptError::Final(Error::NoAnswer {
                    upstream: self.pools.service.upstream,
                    source: cause.into(),
                })
            }
            (SendError::Broken(cause), Some(unsent)) if is_reused => {
                AttemptError::Unsent(unsent, cause.into())
            }
            (SendError::Broken(cause), unsent) => {
                self.flight.failed(Failure::BrokenOff, &cause);
                match unsent {
                    Some(unsent) => AttemptError::Unsent(unsent, cause.into()),
                    None => AttemptError::Sent { cause: cause.into(), was_reused: is_reused },
                }
            }
        }
    }

    /// Sends, and reads the head of the answer, which may come before all was sent. A service that takes no more has perhaps
    /// said why.
    fn poll_answer(
        &self,
        connection: &mut Connection,
        upload: &mut BodySender,
        failed: &mut Option<io::Error>,
        context: &mut Context<'_>,
    ) -> Poll<Result<HttpResponse, SendError>> {
        if failed.is_none() {
            match upload.poll_send(connection, context) {
                Poll::Ready(Err(SendError::Broken(error))) if connection.has_begun() => *failed = Some(error),
                Poll::Ready(Err(halt)) => return Poll::Ready(Err(halt)),
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
        }
        let head = ready!(connection.poll_head(context, self.question.is_head, for_client));
        Poll::Ready(head.map_err(|error| SendError::Broken(failed.take().unwrap_or(error))))
    }

    /// When an answer that has not come yet is missed, or sooner where the request could be sent again.
    fn next_look(&self, sent: Instant, now: Instant, upload: &BodySender) -> Instant {
        let (whom, since) = waiting(upload, sent);
        // Whom it waits for may change meanwhile.
        let again = now + self.patience.head.min(self.patience.body);
        let deadline = again.min(since + for_whom(whom, self.patience));
        let too_slow = upload.deadline().filter(|_| whom == WaitingFor::ForClient);
        let deadline = too_slow.map_or(deadline, |too_slow| too_slow.min(deadline));
        let may_repeat = self.may_repeat && upload.can_repeat();
        if may_repeat { deadline.min(now + GLANCE) } else { deadline }
    }

    /// Gives up when nothing has moved for too long, or when the replica was put out and there is a better one.
    fn look(&self, sent: Instant, upload: &BodySender) -> Result<(), AttemptError> {
        let (whom, since) = waiting(upload, sent);
        let now = Instant::now();
        let is_overdue = since + for_whom(whom, self.patience) <= now;
        let is_too_slow = upload.deadline().is_some_and(|deadline| deadline <= now);
        match whom {
            WaitingFor::ForClient if is_too_slow => Err(AttemptError::Final(Error::BodyTooSlow)),
            WaitingFor::ForClient if is_overdue => Err(AttemptError::Final(Error::BodyTooSlow)),
            WaitingFor::ForService if is_overdue => {
                let error = Error::NoAnswerInTime(self.pools.service.upstream);
                self.flight.failed(Failure::NoAnswer, &error);
                Err(AttemptError::Final(error))
            }
            _ if self.is_hopeless(upload) => {
                Err(AttemptError::Sent { cause: "the replica was left out".into(), was_reused: false })
            }
            _ => Ok(()),
        }
    }

    fn is_hopeless(&self, upload: &BodySender) -> bool {
        let may_repeat = self.may_repeat && upload.can_repeat();
        may_repeat
            && self.flight.is_out()
            && self.pools.budget.is_left()
            && self.pools.have_another(&self.flight.pool)
    }
}

/// Who lets a request wait, and since when.
fn waiting(upload: &BodySender, sent: Instant) -> (WaitingFor, Instant) {
    upload.waiting().map_or((WaitingFor::ForService, sent), |(whom, since)| (whom, since.max(sent)))
}

fn for_whom(whom: WaitingFor, patience: Timeouts) -> Duration {
    match whom {
        WaitingFor::ForClient => patience.body,
        WaitingFor::ForService => patience.head,
    }
}
