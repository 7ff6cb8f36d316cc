//! Requests by the clock: each is sent when it is due, whether the ones before were answered or not.
//!
//! A connection carries one request at a time, and there are as many as are needed, up to a bound. Beyond that a request
//! waits here, and its waiting counts.

use crate::asking::{Question, ask};
use crate::schedule::Schedule;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How often it is looked what is due.
const TICK: Duration = Duration::from_millis(1);

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was answered with success.
    Accepted,
    /// It was answered with 429 or 503: not now.
    Refused,
    /// It was answered otherwise, or not at all.
    Failed,
}

/// A request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// When it was due.
    pub(crate) due: Instant,
    /// How long after that it was sent.
    pub(crate) lag: Duration,
    /// How long after that its answer was there.
    pub(crate) took: Duration,
    pub(crate) fate: Fate,
}

/// Who sends, and notes what comes back.
pub(crate) struct Generator {
    address: SocketAddr,
    questions: Vec<Question>,
    asked: Cell<usize>,
    patience: Duration,
    most: usize,
    connections: Cell<usize>,
    busy: Cell<usize>,
    due: RefCell<VecDeque<Instant>>,
    wake: Semaphore,
    samples: RefCell<Vec<Sample>>,
    failures: RefCell<BTreeMap<String, usize>>,
}

impl Generator {
    /// Without a connection yet. No request is waited for longer than `patience`, from when it was due.
    pub(crate) fn new(
        address: SocketAddr,
        questions: Vec<Question>,
        patience: Duration,
        most: usize,
    ) -> Rc<Self> {
        Rc::new(Self {
            address,
            questions,
            asked: Cell::new(0),
            patience,
            most,
            connections: Cell::new(0),
            busy: Cell::new(0),
            due: RefCell::default(),
            wake: Semaphore::new(0),
            samples: RefCell::default(),
            failures: RefCell::default(),
        })
    }

    /// Sends at this rate for so long. What was not sent by then is not sent any more; says how many those are.
    pub(crate) async fn offer(self: &Rc<Self>, schedule: Schedule, time: Duration) -> usize {
        let begun = Instant::now();
        let mut offered = 0;
        while begun.elapsed() < time {
            let due_by_now = schedule.due_by(begun.elapsed());
            for number in offered..due_by_now {
                self.due.borrow_mut().push_back(begun + schedule.due(number));
                self.employ();
                self.wake.add_permits(1);
            }
            offered = due_by_now;
            sleep(TICK).await;
        }
        self.due.borrow_mut().drain(..).count()
    }

    /// Waits until all that was sent is answered, and gives what became of it.
    pub(crate) async fn settle(&self) -> Vec<Sample> {
        while self.busy.get() > 0 {
            sleep(TICK).await;
        }
        self.samples.take()
    }

    /// Why requests failed, and how often.
    pub(crate) fn failures(&self) -> BTreeMap<String, usize> {
        self.failures.borrow().clone()
    }

    /// The most connections that there were at a time.
    pub(crate) fn connections(&self) -> usize {
        self.connections.get()
    }

    /// One more connection, if all that there are have something to do.
    fn employ(self: &Rc<Self>) {
        let wanted = self.busy.get() + self.due.borrow().len();
        if wanted > self.connections.get() && self.connections.get() < self.most {
            self.connections.set(self.connections.get() + 1);
            spawn_local(Rc::clone(self).work());
        }
    }

    async fn work(self: Rc<Self>) {
        let mut line = None;
        while let Ok(woken) = self.wake.acquire().await {
            woken.forget();
            let Some(due) = self.due.borrow_mut().pop_front() else {
                continue;
            };
            self.busy.set(self.busy.get() + 1);
            let lag = due.elapsed();
            let Some(question) = self.next_question() else {
                return;
            };
            let fate = match timeout_at(due + self.patience, ask(&mut line, self.address, question)).await {
                Ok(Ok(status)) if status.is_success() => Fate::Accepted,
                Ok(Ok(status)) if matches!(status.as_u16(), 429 | 503) => Fate::Refused,
                Ok(Ok(status)) => self.failed(status.to_string()),
                Ok(Err(silence)) => self.failed(silence.to_string()),
                Err(_) => self.failed("no answer in time".to_owned()),
            };
            self.samples.borrow_mut().push(Sample { due, lag, took: due.elapsed(), fate });
            self.busy.set(self.busy.get() - 1);
        }
    }

    /// One after the other, so that not all ask for the same.
    fn next_question(&self) -> Option<&Question> {
        self.asked.set(self.asked.get().wrapping_add(1));
        self.questions.get(self.asked.get() % self.questions.len().max(1))
    }

    fn failed(&self, why: String) -> Fate {
        *self.failures.borrow_mut().entry(why).or_default() += 1;
        Fate::Failed
    }
}

/// How long each of those took that met this fate.
pub(crate) fn took(samples: &[Sample], fate: Fate) -> Vec<Duration> {
    samples.iter().filter(|sample| sample.fate == fate).map(|sample| sample.took).collect()
}

/// Asks on so many connections for so long, each the next question when the one before is answered. Says what was
/// answered with success, and how long each took.
pub(crate) async fn closed_loop(
    address: SocketAddr,
    questions: &[Question],
    connections: usize,
    time: Duration,
) -> Vec<Duration> {
    let until = Instant::now() + time;
    let asking = (0..connections).map(|connection| {
        let questions = questions.to_vec();
        spawn_local(async move {
            let (mut line, mut took) = (None, Vec::new());
            for question in questions.iter().cycle().skip(connection) {
                if Instant::now() >= until {
                    break;
                }
                let sent = Instant::now();
                match timeout(time, ask(&mut line, address, question)).await {
                    Ok(Ok(status)) if status.is_success() && Instant::now() < until => {
                        took.push(sent.elapsed());
                    }
                    // Refused, or failed: not at once again.
                    _ => sleep(TICK).await,
                }
            }
            took
        })
    });
    let mut all = Vec::new();
    for asked in asking.collect::<Vec<_>>() {
        all.extend(asked.await.unwrap_or_default());
    }
    all
}
