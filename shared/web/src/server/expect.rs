//! `100 Continue` is sent when the body is asked for, and not before (RFC 9110, 10.1.1): who is refused by the head of a
//! request is told so at once, and need not send its body.
//!
//! The server's library asks a service of its own whether to continue, sends the interim answer, and calls the application
//! then. Here that service calls the application, with a body that notes when it is asked for. Where the application answers
//! first, that is the answer, without an interim one; where it asks first, its future is what the library goes on with.

use actix_http::{Payload, Request, Response};
use actix_service::{Service, ServiceFactory, fn_factory, fn_service};
use actix_web::HttpMessage as _;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::error::PayloadError;
use actix_web::rt;
use actix_web::web::Bytes;
use futures_util::future::Either;
use futures_util::{Stream, StreamExt as _};
use std::cell::{Cell, OnceCell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// An application with the two services that the library calls: one worker's.
pub(super) struct ContinueOnDemand<F: ServiceFactory<Request>> {
    application: F,
    /// Is there before the first connection is taken.
    made: Rc<OnceCell<Rc<F::Service>>>,
}

impl<F> ContinueOnDemand<F>
where
    F: ServiceFactory<Request, Config = ()> + 'static,
    F::Service: 'static,
    <F::Service as Service<Request>>::Future: 'static,
{
    /// Calls this application.
    pub(super) fn new(application: F) -> Self {
        Self { application, made: Rc::default() }
    }

    /// What is asked whether to continue: the `expect` service of the library's builder.
    pub(super) fn expect<B>(
        &self,
    ) -> impl ServiceFactory<
        Request,
        Config = (),
        Response = Request,
        Error = Response<BoxBody>,
        InitError = (),
        Service: Service<Request, Future: 'static> + 'static,
        Future: 'static,
    > + use<F, B>
    where
        F::Response: Into<Response<B>>,
        F::Error: Into<Response<BoxBody>>,
        B: MessageBody + 'static,
    {
        let made = Rc::clone(&self.made);
        fn_factory(move || {
            let made = Rc::clone(&made);
            async move { Ok(fn_service(move |request| begin(made.get().cloned(), request))) }
        })
    }

    /// The application, which goes on with what that has begun.
    pub(super) fn into_application(
        self,
    ) -> impl ServiceFactory<
        Request,
        Config = (),
        Response = F::Response,
        Error = F::Error,
        InitError = F::InitError,
        Service: Service<Request, Future: 'static> + 'static,
        Future: 'static,
    > + use<F> {
        let Self { application, made } = self;
        fn_factory(move || {
            let (service, made) = (application.new_service(()), Rc::clone(&made));
            async move {
                let service = service.await?;
                let service = Rc::clone(made.get_or_init(|| Rc::new(service)));
                Ok(fn_service(move |request| call(&*service, request)))
            }
        })
    }
}

/// The future of a request that the application has begun already.
struct Begun<Fut>(Pin<Box<Fut>>);

/// Calls the application, or goes on with what it has begun.
fn call<S>(application: &S, request: Request) -> Either<Pin<Box<S::Future>>, S::Future>
where
    S: Service<Request>,
    S::Future: 'static,
{
    let begun = request.extensions_mut().remove::<Begun<S::Future>>();
    match begun {
        Some(Begun(answering)) => Either::Left(answering),
        None => Either::Right(application.call(request)),
    }
}

/// Calls the application until it has answered or asks for the body.
async fn begin<S, B>(application: Option<Rc<S>>, mut request: Request) -> Result<Request, Response<BoxBody>>
where
    S: Service<Request>,
    S::Future: 'static,
    S::Response: Into<Response<B>>,
    S::Error: Into<Response<BoxBody>>,
    B: MessageBody + 'static,
{
    let Some(application) = application else { return Ok(request) };
    let body =
        Rc::new(Body { payload: RefCell::new(request.take_payload()), is_asked_for: Cell::new(false) });
    *request.payload() = Payload::Stream { payload: Box::pin(Body::pieces(Rc::clone(&body))) };
    let mut answering = Box::pin(application.call(request));
    let answered = poll_fn(|context| match answering.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if body.is_asked_for.get() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    let Some(answer) = answered.await else {
        let begun = Request::new();
        begun.extensions_mut().insert(Begun(answering));
        return Ok(begun);
    };
    // The library closes a connection, in good order, on which a body was not read to its end but is still there once the
    // answer is written. The client may have taken the answer for a reason not to send it, so nothing else can follow.
    rt::spawn(async move { drop(body) });
    Err(answer.map_or_else(Into::into, |answer| answer.into().map_into_boxed_body()))
}

/// The body of a request that expects to be told to continue.
struct Body {
    payload: RefCell<Payload>,
    is_asked_for: Cell<bool>,
}

impl Body {
    fn pieces(body: Rc<Self>) -> impl Stream<Item = Result<Bytes, PayloadError>> {
        futures_util::stream::poll_fn(move |context: &mut Context<'_>| {
            body.is_asked_for.set(true);
            body.payload.borrow_mut().poll_next_unpin(context)
        })
    }
}
