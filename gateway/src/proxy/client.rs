//! Sending a request to a replica, and to another one where the first fails.

use super::pool::{Chosen, Connection, Lease};
use super::pools::Pools;
use super::upload::{Progress, Stop, Upload, UploadBody, Waiting};
use super::{Kind, Route, Upstream};
use crate::config::Patience;
use crate::error::Error;
use crate::fleet::{Failure, Fleet, Flight, connect};
use actix_web::rt;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How often one who waits for an answer looks whether the replica was put out meanwhile.
const GLANCE: Duration = Duration::from_millis(500);

/// The services as one worker reaches them. hyper is used as it is: it sends paths, queries and bodies as they came,
/// follows no redirects, uses no proxy and unpacks nothing.
pub(crate) struct Proxy {
    auth: Rc<Pools>,
    chat: Rc<Pools>,
    branch: Rc<Pools>,
    patience: Patience,
}

/// What a service answers: the head, a body that is still to come, and the connection on which it comes.
pub(super) struct Answer {
    pub(super) answer: hyper::Response<Incoming>,
    pub(super) lease: Lease,
}

type Question = hyper::Request<UploadBody>;
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a try has brought no answer.
enum Miss {
    /// Nothing of the request was sent, so that it is as new.
    Unsent(Box<Question>, Cause),
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
    pub(super) fn host(&self, upstream: Upstream) -> &HeaderValue {
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
        make: impl Fn() -> Result<hyper::Request<()>, Error>,
        upload: Upload,
        route: &Route,
    ) -> Result<Answer, Error> {
        let pools = self.pools(route.upstream);
        pools.budget.earn();
        pools.are_known().await;
        let mut question = make()?.map(|()| upload.body());
        let kind = Kind::of(question.method().as_str(), question.uri().path());
        let mut tried = Vec::new();
        let mut flight = pools.choose(&tried).ok_or(Error::NoAddress(route.upstream))?;
        let mut may_repeat = true;
        let mut may_reuse = true;
        loop {
            let trip = Trip { pools, flight: &flight, upload: &upload, patience: self.patience, may_repeat };
            let seat = flight.rooms.enter(kind).await.ok_or(Error::Overloaded(route.upstream))?;
            let made = trip.make(question, may_reuse);
            let made = if let Some(progress) = upload.progress_of_body() {
                seat.during(|| progress.is_complete(), made).await
            } else {
                let made = made.await;
                drop(seat);
                made
            };
            let cause = match made {
                Ok((connection, answer)) => {
                    return Ok(Answer { answer, lease: Lease { connection, flight } });
                }
                Err(Miss::Final(error)) => return Err(error),
                Err(Miss::Unsent(unsent, cause)) => {
                    question = *unsent;
                    cause
                }
                Err(Miss::Sent { cause, was_reused }) => {
                    if !(may_repeat && upload.can_repeat() && pools.budget.spend()) {
                        return Err(Error::NoAnswer { upstream: route.upstream, source: cause });
                    }
                    question = make()?.map(|()| upload.body());
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
    upload: &'a Upload,
    patience: Patience,
    may_repeat: bool,
}

impl Trip<'_> {
    /// Uses idle connections first. The service may have closed them: then they give the request back unsent.
    async fn make(
        &self,
        mut question: Question,
        may_reuse: bool,
    ) -> Result<(Connection, hyper::Response<Incoming>), Miss> {
        while may_reuse && let Some(connection) = self.flight.pool.take() {
            match self.send(connection, question, true).await {
                Err(Miss::Unsent(unsent, _)) => question = *unsent,
                other => return other,
            }
        }
        let connected = connect(self.flight.address, &self.pools.service.origin, self.patience.connect).await;
        match connected {
            Ok((connection, work)) => {
                // How it ends is told to who waits for an answer.
                rt::spawn(async move { drop(work.await) });
                self.send(connection, question, false).await
            }
            Err(error) => {
                self.flight.failed(Failure::NotReached, &error);
                self.pools.service.look_again();
                Err(Miss::Unsent(Box::new(question), error.into()))
            }
        }
    }

    async fn send(
        &self,
        mut connection: Connection,
        question: Question,
        is_reused: bool,
    ) -> Result<(Connection, hyper::Response<Incoming>), Miss> {
        let sent = Instant::now();
        let answer = connection.try_send_request(question);
        tokio::pin!(answer);
        let mut failed = loop {
            tokio::select! {
                biased;
                answer = &mut answer => match answer {
                    Ok(answer) => {
                        self.flight.succeeded(sent);
                        return Ok((connection, answer));
                    }
                    Err(error) => break error,
                },
                () = sleep_until(self.next_look(sent)) => self.look(sent)?,
            }
        };
        let unsent = failed.take_message();
        let cause = failed.into_error();
        match (unsent, self.upload.progress.stop()) {
            (Some(unsent), _) if is_reused => Err(Miss::Unsent(Box::new(unsent), cause.into())),
            (_, Some(Stop::TooLarge)) => Err(Miss::Final(Error::BodyTooLarge)),
            (_, Some(Stop::ByClient)) => Err(Miss::Final(Error::BodyBroken)),
            (unsent, None) => {
                self.flight.failed(Failure::BrokenOff, &cause);
                Err(match unsent {
                    Some(unsent) => Miss::Unsent(Box::new(unsent), cause.into()),
                    None => Miss::Sent { cause: cause.into(), was_reused: is_reused },
                })
            }
        }
    }

    /// When an answer that has not come yet is missed, or sooner where the request could be sent again.
    fn next_look(&self, sent: Instant) -> Instant {
        let (whom, since) = self.upload.progress.waiting();
        // Whom it waits for may change meanwhile.
        let again = Instant::now() + self.patience.head.min(self.patience.body);
        let deadline = again.min(since.max(sent) + for_whom(whom, self.patience));
        let may_repeat = self.may_repeat && self.upload.can_repeat();
        if may_repeat { deadline.min(Instant::now() + GLANCE) } else { deadline }
    }

    /// Gives up when nothing has moved for too long, or when the replica was put out and there is a better one.
    fn look(&self, sent: Instant) -> Result<(), Miss> {
        match overdue(&self.upload.progress, sent, self.patience) {
            Some(Waiting::ForClient) => Err(Miss::Final(Error::BodyTooSlow)),
            Some(Waiting::ForService) => {
                let error = Error::NoAnswerInTime(self.pools.service.upstream);
                self.flight.failed(Failure::NoAnswer, &error);
                Err(Miss::Final(error))
            }
            None if self.is_hopeless() => {
                Err(Miss::Sent { cause: "the replica was left out".into(), was_reused: false })
            }
            None => Ok(()),
        }
    }

    fn is_hopeless(&self) -> bool {
        let may_repeat = self.may_repeat && self.upload.can_repeat();
        may_repeat
            && self.flight.is_out()
            && self.pools.budget.is_left()
            && self.pools.have_another(&self.flight.pool)
    }
}

/// Who has let a request wait for too long.
fn overdue(progress: &Progress, sent: Instant, patience: Patience) -> Option<Waiting> {
    let (whom, since) = progress.waiting();
    (since.max(sent) + for_whom(whom, patience) <= Instant::now()).then_some(whom)
}

fn for_whom(whom: Waiting, patience: Patience) -> Duration {
    match whom {
        Waiting::ForClient => patience.body,
        Waiting::ForService => patience.head,
    }
}
