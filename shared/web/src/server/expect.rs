//! `100 Continue` is sent once the handler reads the body, and not before (RFC 9110, 10.1.1): a request that is refused by its head
//! gets the response at once, and its client need not send the body.
//!
//! `actix-http` calls an `expect` service, sends the interim response, and calls the application then. Here the `expect` service
//! itself calls the application, with a body that records whether it was polled. If the application responds first, that is the
//! response, without an interim one; if it polls the body first, the library goes on with its future.

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

/// The application of a worker, with the two services that the library calls.
pub(super) struct ContinueOnDemand<F: ServiceFactory<Request>> {
    application: F,
    /// Set before the first connection is accepted.
    made: Rc<OnceCell<Rc<F::Service>>>,
}

impl<F> ContinueOnDemand<F>
where
    F: ServiceFactory<Request, Config = ()> + 'static,
    F::Service: 'static,
    <F::Service as Service<Request>>::Future: 'static,
{
    /// Wraps an application.
    pub(super) fn new(application: F) -> Self {
        Self { application, made: Rc::default() }
    }

    /// The `expect` service.
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

    /// The application, which goes on with a request that the `expect` service has begun.
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

/// The future of a request that the `expect` service has begun.
struct Begun<Fut>(Pin<Box<Fut>>);

/// Calls the application, or returns the future that was begun.
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

/// Polls the application until it responds or reads the body.
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
    // The library closes a connection gracefully if its body was not read to the end, but is still alive once the response is
    // written. The client may not send the body after that response, so no request can follow.
    rt::spawn(async move { drop(body) });
    Err(answer.map_or_else(Into::into, |answer| answer.into().map_into_boxed_body()))
}

/// The body of a request with `Expect: 100-continue`.
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
