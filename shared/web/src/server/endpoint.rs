//! An entry of a service's URL table: a path, its access, and a handler for each method.

use super::token_endpoint::answer_as_token_endpoint;
use crate::caller::{Caller, Identity};
use crate::problem::Problem;
use crate::server::handler_timeout::HandlerTimeout;
use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, Scope, web};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Public,
    Users,
    Services,
}

/// A path with its handlers. GET also handles HEAD; a method without a handler is a 405 with `Allow`.
pub struct Endpoint {
    resource: Resource,
    methods: Vec<&'static str>,
    access: Access,
    answers_oauth: bool,
}

/// An endpoint without authentication.
pub fn public(path: &str) -> Endpoint {
    Endpoint::new(path, Access::Public)
}

/// An endpoint for users, whose handlers take [`Identity`]. A wrong method is a 401 first, and then a 405.
pub fn protected(path: &str) -> Endpoint {
    Endpoint::new(path, Access::Users)
}

/// An endpoint for other services, whose handlers take [`Caller`].
pub fn internal(path: &str) -> Endpoint {
    Endpoint::new(path, Access::Services)
}

/// A scope of protected endpoints: an unknown path in it is a 401 first, and then a 404.
pub fn protected_scope(prefix: &str) -> Scope {
    web::scope(prefix).default_service(web::to(not_found_for_users))
}

impl Endpoint {
    fn new(path: &str, access: Access) -> Self {
        Self { resource: web::resource(path.to_owned()), methods: Vec::new(), access, answers_oauth: false }
    }

    /// Handles GET, and HEAD with it.
    #[must_use]
    pub fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args, Output: Responder + 'static>,
        Args: FromRequest + 'static,
    {
        self.on("HEAD", web::head().to(HandlerTimeout(handler.clone())))
            .on("GET", web::get().to(HandlerTimeout(handler)))
    }

    /// Handles POST.
    #[must_use]
    pub fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args, Output: Responder + 'static>,
        Args: FromRequest + 'static,
    {
        self.on("POST", web::post().to(HandlerTimeout(handler)))
    }

    /// Handles PUT.
    #[must_use]
    pub fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args, Output: Responder + 'static>,
        Args: FromRequest + 'static,
    {
        self.on("PUT", web::put().to(HandlerTimeout(handler)))
    }

    /// Handles DELETE.
    #[must_use]
    pub fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args, Output: Responder + 'static>,
        Args: FromRequest + 'static,
    {
        self.on("DELETE", web::delete().to(HandlerTimeout(handler)))
    }

    /// Responds as a token endpoint of OAuth 2 (RFC 6749, 5): errors have a member `error`, and nothing is cached.
    #[must_use]
    pub fn as_token_endpoint(self) -> Self {
        Self { answers_oauth: true, ..self }
    }

    fn on(mut self, method: &'static str, route: actix_web::Route) -> Self {
        self.resource = self.resource.route(route);
        self.methods.push(method);
        self
    }
}

impl HttpServiceFactory for Endpoint {
    fn register(mut self, config: &mut AppService) {
        self.methods.sort_unstable();
        let allow = self.methods.join(", ");
        let access = self.access;
        let other_method = web::to(move |request: HttpRequest| {
            let answer = wrong_method(&request, access, &allow);
            async move { Err::<HttpResponse, Problem>(answer) }
        });
        let resource = self.resource.default_service(other_method);
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
        Access::Users => Identity::extract(request).into_inner().map(drop),
        Access::Services => Caller::extract(request).into_inner().map(drop),
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
