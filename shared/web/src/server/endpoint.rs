//! An endpoint of a server: a path, its access, and a handler for each method.

use super::token_endpoint::answer_as_token_endpoint;
use crate::caller::{Caller, Identity};
use crate::problem::Problem;
use crate::server::handler_timeout::HandlerTimeout;
use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, Route, Scope, web};

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anyone.
    Public,
    /// Users: its handlers take [`Identity`].
    Protected,
    /// Other services: its handlers take [`Caller`].
    Internal,
}

/// A path with its handlers. GET also handles HEAD; a method without a handler is a 405 with `Allow`, and before that a 401 where a
/// token is needed.
pub struct Endpoint {
    path: String,
    access: Access,
    handlers: Vec<(Method, Route)>,
    answers_oauth: bool,
}

/// An endpoint without authentication that is in no document.
pub fn public(path: &str) -> Endpoint {
    Endpoint::new(path, Access::Public)
}

/// A scope of protected endpoints: an unknown path in it is a 401 first, and then a 404.
pub(super) fn protected_scope(prefix: &str) -> Scope {
    web::scope(prefix).default_service(web::to(not_found_for_users))
}

impl Endpoint {
    pub(super) fn new(path: &str, access: Access) -> Self {
        Self { path: path.to_owned(), access, handlers: Vec::new(), answers_oauth: false }
    }

    /// Handles GET, and HEAD with it.
    #[must_use]
    pub fn get<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args, Output: Responder + 'static>,
        Args: FromRequest + 'static,
    {
        self.handle(&Method::GET, &move |method| route(method, handler.clone()));
        self
    }

    /// Handles POST.
    #[must_use]
    pub fn post<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args, Output: Responder + 'static>,
        Args: FromRequest + 'static,
    {
        self.handle(&Method::POST, &move |method| route(method, handler.clone()));
        self
    }

    /// Handles a method with the route that is made for it, and HEAD with GET.
    pub(super) fn handle(&mut self, method: &Method, route: &dyn Fn(Method) -> Route) {
        if method == Method::GET {
            self.handlers.push((Method::HEAD, route(Method::HEAD)));
        }
        self.handlers.push((method.clone(), route(method.clone())));
    }

    /// Responds as a token endpoint of OAuth 2 (RFC 6749, 5): errors have a member `error`, and nothing is cached.
    pub(super) fn set_token_endpoint(&mut self) {
        self.answers_oauth = true;
    }
}

/// The route of a method, whose handler has a time-out.
pub(super) fn route<F, Args>(method: Method, handler: F) -> Route
where
    F: Handler<Args, Output: Responder + 'static>,
    Args: FromRequest + 'static,
{
    web::method(method).to(HandlerTimeout(handler))
}

impl HttpServiceFactory for Endpoint {
    fn register(self, config: &mut AppService) {
        let mut methods: Vec<_> = self.handlers.iter().map(|(method, _)| method.to_string()).collect();
        methods.sort_unstable();
        let allow = methods.join(", ");
        let access = self.access;
        let other_method = web::to(move |request: HttpRequest| {
            let answer = wrong_method(&request, access, &allow);
            async move { Err::<HttpResponse, Problem>(answer) }
        });
        let routes = self.handlers.into_iter().map(|(_, route)| route);
        let resource = routes.fold(web::resource(self.path), Resource::route).default_service(other_method);
        if self.answers_oauth {
            resource.wrap(from_fn(answer_as_token_endpoint)).register(config);
        } else {
            resource.register(config);
        }
    }
}

fn wrong_method(request: &HttpRequest, access: Access, allow: &str) -> Problem {
    let allowed = match access {
        Access::Public => Ok(()),
        Access::Protected => Identity::extract(request).into_inner().map(drop),
        Access::Internal => Caller::extract(request).into_inner().map(drop),
    };
    allowed.err().unwrap_or_else(|| method_not_allowed(allow))
}

/// 405 with `Allow`.
pub fn method_not_allowed(allow: &str) -> Problem {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method Not Allowed");
    match HeaderValue::from_str(allow) {
        Ok(allow) => problem.with_header(ALLOW, allow),
        Err(_) => problem,
    }
}

/// 404 for an unknown path.
pub fn route_not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "Not Found")
}

/// The methods of all routes.
const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, POST, PUT";

/// 404, except for `OPTIONS *`, which is about the server as a whole (RFC 9110, 9.3.7).
pub(super) async fn not_found(request: HttpRequest) -> Result<HttpResponse, Problem> {
    if request.path() == "*" {
        return Ok(HttpResponse::NoContent().insert_header((ALLOW, METHODS)).finish());
    }
    Err(route_not_found())
}

async fn not_found_for_users(_: Identity) -> Result<HttpResponse, Problem> {
    Err(route_not_found())
}
