//! The service of a connection, from its first byte to its end.

use super::linger::LINGER_TIMEOUT;
use super::linger::linger;
use super::stream::RequestStream;
use super::{Connection, Connections};
use crate::server::expect::ContinueOnDemand;
use crate::server::response_body::set_write_timeout;
use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Payload, Protocol, Request, Response};
use actix_server::GracefulShutdownSignal;
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, apply_fn_factory, fn_factory, fn_service, map_config,
};
use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::OptionFuture;
use std::cell::RefCell;
use std::fmt::Debug;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::timeout;

/// The settings of all connections of a server.
#[derive(Clone)]
pub(in crate::server) struct ConnectionSettings {
    pub(in crate::server) connections: Connections,
    /// The time-out of the first byte, and from then on of the first head.
    pub(in crate::server) head_timeout: Duration,
    /// The time-out of the next head after a response.
    pub(in crate::server) idle_timeout: Duration,
    /// How long a client may read nothing of a response.
    pub(in crate::server) write_timeout: Duration,
    /// Signals that idle connections are to be closed.
    pub(in crate::server) draining: GracefulShutdownSignal,
}

/// Serves an application on connections.
pub(in crate::server) fn serve<I, S>(
    application: I,
    settings: ConnectionSettings,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
where
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<BoxBody>, Error = Error>
        + 'static,
    S::InitError: Debug,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
{
    let application = map_config(application, |()| AppConfig::default());
    let application =
        ContinueOnDemand::new(apply_fn_factory(application, |request: Request, application: &S::Service| {
            call_application(application, request)
        }));
    let draining = settings.draining.clone();
    let http = HttpService::build()
        // The stream closes idle connections.
        .keep_alive(KeepAlive::Os)
        .client_request_timeout(settings.head_timeout)
        .client_disconnect_timeout(LINGER_TIMEOUT)
        .graceful_shutdown_signal(move || {
            let draining = draining.clone();
            async move { draining.notified().await }
        })
        .on_connect_ext(|stream: &RequestStream, data| {
            data.insert(Rc::clone(stream.connection()));
        })
        .expect(application.expect::<TrackedBody>())
        .finish(application.into_application());
    fn_factory(move || {
        let (http, settings) = (http.new_service(()), settings.clone());
        async move {
            let http = Rc::new(http.await?);
            // Boxed, as the server's library would hold it twice.
            Ok(fn_service(move |socket| {
                Box::pin(serve_connection(Rc::clone(&http), settings.clone(), socket))
            }))
        }
    })
}

/// Calls the application, and updates the state of the connection.
fn call_application<S>(
    application: &S,
    mut request: Request,
) -> impl Future<Output = Result<Response<TrackedBody>, Error>> + 'static + use<S>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = Error, Future: 'static>,
{
    let connection = request.conn_data::<Rc<Connection>>().cloned();
    let begun_in = connection.as_ref().map(|connection| connection.begin());
    let has_body = !matches!(request.payload(), Payload::None);
    // An async block would hold the application's future twice.
    application.call(request).then(move |response| {
        let response: Response<BoxBody> = match response {
            Ok(response) => response.into(),
            Err(error) => error.error_response().into(),
        };
        // A response without a pass of the dispatcher would come before the dispatcher has decoded what has arrived of the body, and
        // the dispatcher closes a connection with an undecoded body.
        let is_undecoded = has_body && begun_in == connection.as_ref().map(|connection| connection.pass());
        let decoding = OptionFuture::from(is_undecoded.then(yield_now));
        decoding.map(move |_| Ok(response.map_body(|_, body| TrackedBody { body, connection })))
    })
}

/// The body of a response, which marks the end of the response on its connection.
struct TrackedBody {
    body: BoxBody,
    connection: Option<Rc<Connection>>,
}

impl MessageBody for TrackedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.end();
        }
    }
}

async fn serve_connection<S>(
    http: Rc<S>,
    settings: ConnectionSettings,
    socket: TcpStream,
) -> Result<(), DispatchError>
where
    S: Service<(RequestStream, Protocol, Option<SocketAddr>), Response = (), Error = DispatchError>,
{
    set_write_timeout(&socket, settings.write_timeout);
    // It fails on a closed socket alone.
    drop(socket.set_nodelay(true));
    let address = socket.peer_addr().ok();
    let connection = Rc::new(settings.connections.open());
    if !wait_for_first_byte(&socket, &settings).await {
        return Ok(());
    }
    let socket = Rc::new(RefCell::new(socket));
    let stream = RequestStream::new(Rc::clone(&socket), Rc::clone(&connection), settings.idle_timeout);
    poll_fn(|context| http.poll_ready(context)).await?;
    let served = http.call((stream, Protocol::Http1, address)).await;
    let lingers = match &served {
        Ok(()) => connection.has_unread.get(),
        Err(error) => matches!(error, DispatchError::Parse(_)),
    };
    if let Some(socket) = Rc::into_inner(socket).filter(|_| lingers) {
        linger(socket.into_inner()).await;
    }
    served
}

/// Waits for the first byte, without the memory of a dispatcher. Returns `false` if the client sends none in time: it gets no
/// response.
async fn wait_for_first_byte(socket: &TcpStream, settings: &ConnectionSettings) -> bool {
    tokio::select! {
        readable = timeout(settings.head_timeout, socket.readable()) => matches!(readable, Ok(Ok(()))),
        () = settings.draining.notified() => false,
    }
}
