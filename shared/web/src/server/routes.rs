//! The routes of a service. Path, method and access of a route stand once, in the attribute `utoipa::path` of its handler: the
//! server and the `OpenAPI` document take them from there.

use super::endpoint::{self, Access, Endpoint, protected_scope, public};
use crate::input::Settings;
use crate::problem::{ErrorBody, ProblemDetails, ValidationErrorBody};
use actix_web::http::Method;
use actix_web::web::{Json, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, Responder, Route, Scope};
use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, SecurityRequirement};

/// Lists handlers that have the attribute `utoipa::path`, as [`Routes`] takes them.
///
/// ```ignore
/// routes![create_chat::create_chat, get_chats::get_chats]
/// ```
#[macro_export]
macro_rules! routes {
    ($($($handler:ident)::+),+ $(,)?) => {
        ::std::vec![$({
            #[derive(::utoipa::OpenApi)]
            #[openapi(paths($($handler)::+))]
            struct Document;
            $crate::server::DocumentedHandler::new(<Document as ::utoipa::OpenApi>::openapi, $($handler)::+)
        }),+]
    };
}

/// A handler, with a document of its operation alone. [`routes!`](crate::routes) makes it.
pub struct DocumentedHandler {
    document: fn() -> OpenApi,
    route: Box<dyn Fn(Method) -> Route>,
}

impl DocumentedHandler {
    /// A handler with its document.
    pub fn new<F, Args>(document: fn() -> OpenApi, handler: F) -> Self
    where
        F: Handler<Args, Output: Responder + 'static>,
        Args: FromRequest + 'static,
    {
        Self { document, route: Box::new(move |method| endpoint::route(method, handler.clone())) }
    }
}

/// What the configuration says that the document has to tell.
type Amendment = fn(&mut OpenApi, &Settings);

/// All routes of a service, and its document, which is served at `/openapi.json`.
pub struct Routes {
    documents: Vec<fn() -> OpenApi>,
    amendment: Amendment,
    endpoints: Vec<(String, Endpoint)>,
}

/// The schemas of the errors, which every document has.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(ErrorBody, ValidationErrorBody, ProblemDetails)))]
struct ErrorSchemas;

impl Routes {
    /// No routes yet; `document` has what is in the document beside them.
    pub fn new(document: fn() -> OpenApi) -> Self {
        Self { documents: vec![document, ErrorSchemas::openapi], amendment: |_, _| {}, endpoints: Vec::new() }
    }

    /// Changes the document by the configured rules of fields.
    #[must_use]
    pub fn amended(self, amendment: Amendment) -> Self {
        Self { amendment, ..self }
    }

    /// Adds routes for clients. They need a user's token, but for those with `security(())`. The document has them in this order.
    #[must_use]
    pub fn documented(self, handlers: Vec<DocumentedHandler>) -> Self {
        handlers
            .into_iter()
            .fold(self, |routes, handler| routes.document_of(&handler).add(&handler, by_security))
    }

    /// Adds the token endpoint of OAuth 2, whose errors are as RFC 6749 has them.
    #[must_use]
    pub fn token_endpoint(self, handlers: Vec<DocumentedHandler>) -> Self {
        let first = self.endpoints.len();
        let mut routes = self.documented(handlers);
        routes.endpoints.iter_mut().skip(first).for_each(|(_, endpoint)| endpoint.set_token_endpoint());
        routes
    }

    /// Adds routes for other services, which are in no document that is served.
    #[must_use]
    pub fn internal(self, handlers: Vec<DocumentedHandler>) -> Self {
        handlers.into_iter().fold(self, |routes, handler| routes.add(&handler, |_| Access::Internal))
    }

    fn document_of(mut self, handler: &DocumentedHandler) -> Self {
        self.documents.push(handler.document);
        self
    }

    /// Adds a handler to the endpoint of its path.
    fn add(mut self, handler: &DocumentedHandler, access: fn(&Operation) -> Access) -> Self {
        for (path, item) in (handler.document)().paths.paths {
            for (method, operation) in operations(&item) {
                let known = self.endpoints.iter_mut().find(|(known, _)| *known == path);
                if let Some((_, endpoint)) = known {
                    endpoint.handle(&method, &handler.route);
                } else {
                    let mut endpoint = Endpoint::new(split(&path).1, access(operation));
                    endpoint.handle(&method, &handler.route);
                    self.endpoints.push((path.clone(), endpoint));
                }
            }
        }
        self
    }

    /// The document by the default rules of fields.
    pub fn document(&self) -> OpenApi {
        merged(&self.documents)
    }

    /// Registers all routes in the server.
    pub fn configure(self, config: &mut ServiceConfig) {
        let Self { documents, amendment, endpoints } = self;
        config.service(public("/openapi.json").get(move |request: HttpRequest| {
            let mut document = merged(&documents);
            amendment(&mut document, &Settings::for_request(&request));
            async move { Json(document) }
        }));
        let mut scopes: Vec<(String, Vec<Endpoint>)> = Vec::new();
        for (path, endpoint) in endpoints {
            let (scope, _) = split(&path);
            match scopes.iter_mut().find(|(known, _)| known == scope) {
                Some((_, endpoints)) => endpoints.push(endpoint),
                None => scopes.push((scope.to_owned(), vec![endpoint])),
            }
        }
        for (scope, endpoints) in scopes {
            if scope.is_empty() {
                endpoints.into_iter().fold(&mut *config, ServiceConfig::service);
            } else {
                config.service(endpoints.into_iter().fold(protected_scope(&scope), Scope::service));
            }
        }
    }
}

fn merged(documents: &[fn() -> OpenApi]) -> OpenApi {
    let mut documents = documents.iter().map(|document| document());
    let first = documents.next().unwrap_or_default();
    documents.fold(first, OpenApi::merge_from)
}

/// The operations of a path, with their methods.
fn operations(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    let operations = [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
    ];
    operations.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

/// An operation is public if its document says that no security scheme is needed.
fn by_security(operation: &Operation) -> Access {
    let none = SecurityRequirement::default();
    let is_public = operation.security.as_ref().is_some_and(|schemes| schemes.contains(&none));
    if is_public { Access::Public } else { Access::Protected }
}

/// Splits a path of the API into its scope (`/api/v1/chats`), where all unknown paths need a token, too, and what is below it. Other
/// paths are in no scope.
fn split(path: &str) -> (&str, &str) {
    let scope_ends = path.match_indices('/').map(|(at, _)| at).nth(3).unwrap_or(path.len());
    if path.starts_with("/api/") { path.split_at(scope_ends) } else { ("", path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_the_first_three_parts_of_a_path_of_the_api() {
        assert_eq!(split("/api/v1/chats/get-chat/{chat_id}"), ("/api/v1/chats", "/get-chat/{chat_id}"));
        assert_eq!(split("/api/v1/conversations"), ("/api/v1/conversations", ""));
        assert_eq!(split("/internal/chats/{chat_id}"), ("", "/internal/chats/{chat_id}"));
    }
}
