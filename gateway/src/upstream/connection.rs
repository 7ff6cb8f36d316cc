//! A connection to a replica: hyper's HTTP/1.1 client, with one request at a time.
//!
//! The task that awaits a response drives its connection: there is no task for the connection.

use super::outgoing::OutgoingBody;
use super::response_error::ResponseError;
use super::response_framing::announced_length;
use super::stream::{ByteStream, MeteredStream, WriteProgress};
use actix_web::web::Bytes;
use futures_util::task::AtomicWaker;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, Builder, SendRequest};
use hyper::{Request, Response, Version};
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker, ready};
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// The most bytes of a response's head, and of what is read at once.
const MAX_HEAD_BYTES: usize = 0x1_0000;
/// The most fields of a response's head.
const MAX_HEAD_FIELDS: usize = 128;

/// A request as hyper sends it.
pub(crate) type OutgoingRequest = Request<OutgoingBody>;

/// What a request brings. The error has the request where hyper has not begun to send it.
type Sent = Result<Response<Incoming>, TrySendError<OutgoingRequest>>;

/// The head of a response, and what follows it.
pub(crate) struct IncomingResponse {
    pub(crate) response: Response<Incoming>,
    /// The length of its body, or for HEAD, of the one that GET would have.
    pub(crate) announced_length: Option<u64>,
}

/// Why a request was not answered.
pub(crate) struct Unanswered {
    /// The request, where hyper has not begun to send it.
    pub(crate) unsent: Option<Box<OutgoingRequest>>,
    pub(crate) error: ResponseError,
}

/// A connection, in a box, as hyper's is large and moved often.
pub(crate) struct Connection(Box<State>);

struct State {
    sender: SendRequest<OutgoingBody>,
    /// `None` once the connection has ended.
    driver: Option<http1::Connection<TokioIo<MeteredStream>, OutgoingBody>>,
    task: Arc<TaskWaker>,
    /// Wakes `task`.
    waker: Waker,
    progress: Rc<WriteProgress>,
    is_last: bool,
    /// Kept from one request to the next, as resetting a timer costs less than making one.
    timer: Option<Pin<Box<Sleep>>>,
}

/// Wakes the task that has driven the connection last, if any, and notes that the connection is to be driven.
///
/// hyper keeps one waker as long as the connection lives, and need not clone that of each task.
struct TaskWaker {
    task: AtomicWaker,
    is_woken: AtomicBool,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl Connection {
    /// A connection on which nothing was sent yet.
    pub(crate) async fn new(stream: ByteStream) -> hyper::Result<Self> {
        let progress = Rc::<WriteProgress>::default();
        let stream = TokioIo::new(MeteredStream { stream, progress: Rc::clone(&progress) });
        let mut builder = Builder::new();
        // What is written is small, mostly: to copy it costs less than a vectored write.
        builder
            .max_buf_size(MAX_HEAD_BYTES)
            .max_header_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEAD_FIELDS)
            .writev(false);
        let (sender, driver) = builder.handshake(stream).await?;
        let task = Arc::new(TaskWaker { task: AtomicWaker::new(), is_woken: AtomicBool::new(true) });
        let waker = Waker::from(Arc::clone(&task));
        Ok(Self(Box::new(State {
            sender,
            driver: Some(driver),
            task,
            waker,
            progress,
            is_last: false,
            timer: None,
        })))
    }

    /// How far the request was written.
    pub(crate) fn progress(&self) -> &Rc<WriteProgress> {
        &self.0.progress
    }

    /// Begins to send a request.
    pub(crate) fn send(&mut self, request: OutgoingRequest) -> impl Future<Output = Sent> + use<> {
        self.0.progress.reset();
        self.0.task.is_woken.store(true, Ordering::Release);
        // It is polled with a waker that wakes nobody, as only the driver moves it.
        unconstrained(self.0.sender.try_send_request(request))
    }

    /// Drives the connection until the head of the response has come.
    pub(crate) fn poll_response(
        &mut self,
        response: Pin<&mut impl Future<Output = Sent>>,
        context: &mut Context<'_>,
    ) -> Poll<Result<IncomingResponse, Unanswered>> {
        self.drive(context);
        let response = ready!(response.poll(&mut Context::from_waker(Waker::noop())));
        Poll::Ready(match response {
            Ok(response) => self.checked(response).map_err(|error| Unanswered { unsent: None, error }),
            Err(mut error) => {
                let unsent = error.take_message().map(Box::new);
                let error = match self.0.progress.take_error() {
                    Some(error) => ResponseError::Write(error),
                    None => error.into_error().into(),
                };
                Err(Unanswered { unsent, error })
            }
        })
    }

    fn checked(&mut self, response: Response<Incoming>) -> Result<IncomingResponse, ResponseError> {
        let announced_length = announced_length(&response)?;
        self.0.progress.record_response();
        // hyper would go on in HTTP/1.0.
        self.0.is_last = response.version() != Version::HTTP_11;
        Ok(IncomingResponse { response, announced_length })
    }

    /// Drives the connection until the next piece of the response's body has come; `None` at its end.
    pub(crate) fn poll_body(
        &mut self,
        body: &mut Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Bytes>>> {
        if let Poll::Ready(piece) = self.poll_piece(body) {
            return Poll::Ready(piece);
        }
        self.drive(context);
        poll_piece(body)
    }

    /// The next piece of the response's body, if it has come; `None` at its end.
    pub(crate) fn poll_piece(&self, body: &mut Incoming) -> Poll<Option<hyper::Result<Bytes>>> {
        // hyper wakes who drives the connection: this task, which is awake.
        self.rest();
        poll_piece(body)
    }

    /// Drives the connection if anything has moved since it was driven last.
    fn drive(&mut self, context: &mut Context<'_>) {
        let State { driver: Some(driver), task, waker, .. } = self.0.as_mut() else { return };
        task.task.register(context.waker());
        let is_woken = task.is_woken.swap(false, Ordering::AcqRel);
        // How it ended is told by the response or by its body.
        if is_woken && Pin::new(driver).poll(&mut Context::from_waker(waker)).is_ready() {
            self.0.driver = None;
        }
    }

    /// Whether another request can be sent, as the last one was, and its response has come to its end.
    pub(crate) fn is_reusable(&self) -> bool {
        let is_open = self.0.driver.is_some() && self.0.sender.is_ready();
        is_open && !self.0.is_last && !self.0.progress.has_failed()
    }

    /// Drives the connection no more until the next request: it may end, or bytes may come, and nobody is woken.
    pub(super) fn rest(&self) {
        drop(self.0.task.task.take());
    }

    /// Looks whether the connection has ended while it was idle, or bytes have come unasked, which hyper takes for an end.
    pub(super) fn is_idle(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.is_reusable()
    }

    /// Sets the timer.
    pub(crate) fn set_timer(&mut self, moment: Instant) {
        match &mut self.0.timer {
            Some(timer) => timer.as_mut().reset(moment),
            None => self.0.timer = Some(Box::pin(sleep_until(moment))),
        }
    }

    /// Waits until the timer expires; for ever if it was never set.
    pub(crate) fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.0.timer.as_mut().map_or(Poll::Pending, |timer| timer.as_mut().poll(context))
    }
}

/// The next piece of a body that has come. Trailers are passed by.
fn poll_piece(body: &mut Incoming) -> Poll<Option<hyper::Result<Bytes>>> {
    // As only the driver of its connection moves it, it need not wake anybody.
    let context = &mut Context::from_waker(Waker::noop());
    loop {
        return Poll::Ready(match ready!(Pin::new(&mut *body).poll_frame(context)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(piece) => Some(Ok(piece)),
                Err(_trailers) => continue,
            },
            Some(Err(error)) => Some(Err(error)),
            None => None,
        });
    }
}
