//! Sending a request to a replica, and to another one where the first fails.

use super::headers::for_client;
use super::pool::{Chosen, Lease};
use super::pools::Pools;
use super::tokens::Tokens;
use super::upload::{Halt, Stop, Upload, Waiting};
use super::{Route, Upstream};
use crate::config::Patience;
use crate::error::Error;
use crate::fleet::{Failure, Fleet, Flight, connect};
use crate::http1::Connection;
use actix_web::HttpResponse;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::Instant;

/// How often one who waits for an answer looks whether the replica was put out meanwhile.
const GLANCE: Duration = Duration::from_millis(500);

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
}

/// What a service answers: the head, a body that is still to come, and the connection on which it comes. Of the request's
/// body some may still be to be sent.
pub(super) struct Answer {
    pub(super) head: HttpResponse,
    pub(super) upload: Upload,
    pub(super) lease: Lease,
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a try has brought no answer.
enum Miss {
    /// Nothing of these bytes was sent, so that the request is as new.
    Unsent(Vec<u8>, Cause),
    /// It may have been read, and carried out.
    Sent { cause: Cause, was_reused: bool },
    /// Another replica would be no better.
    Final(Error),
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
        let mut unsent = None;
        let mut tried = Vec::new();
        let mut flight = pools.choose(&tried).ok_or(Error::NoAddress(route.upstream))?;
        let mut may_repeat = true;
        let mut may_reuse = true;
        loop {
            let trip = Trip { pools, flight: &flight, question, patience: self.patience, may_repeat };
            let cause = match trip.make(unsent.take(), &mut upload, may_reuse).await {
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

/// One try to get an answer from one replica.
struct Trip<'a> {
    pools: &'a Rc<Pools>,
    flight: &'a Flight<Chosen>,
    question: &'a Question,
    patience: Patience,
    may_repeat: bool,
}

impl Trip<'_> {
    /// Uses idle connections first. The service may have closed them: then nothing was sent.
    async fn make(
        &self,
        mut unsent: Option<Vec<u8>>,
        upload: &mut Upload,
        may_reuse: bool,
    ) -> Result<(Connection, HttpResponse), Miss> {
        let now = Instant::now();
        while may_reuse && let Some(connection) = self.flight.pool.take(now) {
            match self.send(connection, now, unsent.take(), upload, true).await {
                Err(Miss::Unsent(bytes, _)) => unsent = Some(bytes),
                other => return other,
            }
        }
        // In a box, as it is large and seldom needed.
        let connected = connect(self.flight.address, &self.pools.service.origin, self.patience.connect);
        match Box::pin(connected).await {
            Ok(connection) => self.send(connection, Instant::now(), unsent, upload, false).await,
            Err(error) => {
                self.flight.failed(Failure::NotReached, &error);
                self.pools.service.look_again();
                Err(Miss::Unsent(unsent.unwrap_or_else(|| self.question.head.clone()), error.into()))
            }
        }
    }

    async fn send(
        &self,
        mut connection: Connection,
        sent: Instant,
        unsent: Option<Vec<u8>>,
        upload: &mut Upload,
        is_reused: bool,
    ) -> Result<(Connection, HttpResponse), Miss> {
        connection.begin(unsent.as_ref().unwrap_or(&self.question.head));
        connection.set_alarm(self.next_look(sent, sent, upload));
        let mut failed = None;
        let halt = poll_fn(|context| {
            if let Poll::Ready(answer) = self.poll_answer(&mut connection, upload, &mut failed, context) {
                return Poll::Ready(Ok(answer));
            }
            loop {
                ready!(connection.poll_alarm(context));
                self.look(sent, upload)?;
                connection.set_alarm(self.next_look(sent, Instant::now(), upload));
            }
        });
        let halt = match halt.await? {
            Ok(head) => {
                self.flight.succeeded(sent);
                return Ok((connection, head));
            }
            Err(halt) => halt,
        };
        let unsent = (!connection.has_begun()).then(|| std::mem::take(connection.output()));
        match (halt, unsent) {
            (Halt::Stopped(Stop::TooLarge), _) => Err(Miss::Final(Error::BodyTooLarge)),
            (Halt::Stopped(Stop::ByClient), _) => {
                drop(connection);
                // The server ends the connection before this goes on: who has left is answered nothing.
                yield_now().await;
                Err(Miss::Final(Error::BodyBroken))
            }
            (Halt::Broken(cause), Some(unsent)) if is_reused => Err(Miss::Unsent(unsent, cause.into())),
            (Halt::Broken(cause), unsent) => {
                self.flight.failed(Failure::BrokenOff, &cause);
                Err(match unsent {
                    Some(unsent) => Miss::Unsent(unsent, cause.into()),
                    None => Miss::Sent { cause: cause.into(), was_reused: is_reused },
                })
            }
        }
    }

    /// Sends, and reads the head of the answer, which may come before all was sent. A service that takes no more has perhaps
    /// said why.
    fn poll_answer(
        &self,
        connection: &mut Connection,
        upload: &mut Upload,
        failed: &mut Option<io::Error>,
        context: &mut Context<'_>,
    ) -> Poll<Result<HttpResponse, Halt>> {
        if failed.is_none() {
            match upload.poll_send(connection, context) {
                Poll::Ready(Err(Halt::Broken(error))) if connection.has_begun() => *failed = Some(error),
                Poll::Ready(Err(halt)) => return Poll::Ready(Err(halt)),
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
        }
        let head = ready!(connection.poll_head(context, self.question.is_head, for_client));
        Poll::Ready(head.map_err(|error| Halt::Broken(failed.take().unwrap_or(error))))
    }

    /// When an answer that has not come yet is missed, or sooner where the request could be sent again.
    fn next_look(&self, sent: Instant, now: Instant, upload: &Upload) -> Instant {
        let deadline = waiting(upload, sent).1 + self.patience.head;
        let may_repeat = self.may_repeat && upload.can_repeat();
        if may_repeat { deadline.min(now + GLANCE) } else { deadline }
    }

    /// Gives up when nothing has moved for too long, or when the replica was put out and there is a better one.
    fn look(&self, sent: Instant, upload: &Upload) -> Result<(), Miss> {
        let (whom, since) = waiting(upload, sent);
        let is_overdue = since + self.patience.head <= Instant::now();
        match whom {
            Waiting::ForClient if is_overdue => Err(Miss::Final(Error::BodyTooSlow)),
            Waiting::ForService if is_overdue => {
                let error = Error::NoAnswerInTime(self.pools.service.upstream);
                self.flight.failed(Failure::NoAnswer, &error);
                Err(Miss::Final(error))
            }
            _ if self.is_hopeless(upload) => {
                Err(Miss::Sent { cause: "the replica was left out".into(), was_reused: false })
            }
            _ => Ok(()),
        }
    }

    fn is_hopeless(&self, upload: &Upload) -> bool {
        let may_repeat = self.may_repeat && upload.can_repeat();
        may_repeat
            && self.flight.is_out()
            && self.pools.budget.is_left()
            && self.pools.have_another(&self.flight.pool)
    }
}

/// Who lets a request wait, and since when.
fn waiting(upload: &Upload, sent: Instant) -> (Waiting, Instant) {
    upload.waiting().map_or((Waiting::ForService, sent), |(whom, since)| (whom, since.max(sent)))
}
