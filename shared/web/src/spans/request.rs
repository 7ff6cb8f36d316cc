//! The span of a request, from its head to the head of its response.

use crate::metrics::label_of;
use crate::telemetry::{Trace, TraceContext};
use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE, URL_SCHEME,
};

/// The span of a request in flight. If it is dropped, because the client has disconnected, it ends without a status.
pub(crate) struct RequestSpan {
    span: Span,
    method: &'static str,
}

impl RequestSpan {
    pub(super) fn begin(tracer: &SdkTracer, request: &ServiceRequest, trace: &mut Trace) -> Self {
        let method = label_of(request.method());
        let builder = tracer.span_builder(method).with_kind(SpanKind::Server).with_attributes([
            KeyValue::new(HTTP_REQUEST_METHOD, method),
            // The scheme of this server. That of a proxy in front of it is not known.
            KeyValue::new(URL_SCHEME, "http"),
        ]);
        // A trace that was generated here has no parent span.
        let sender = TraceContext::sent(request.headers()).map(|context| context.span_context());
        let parent =
            sender.map_or_else(Context::new, |context| Context::new().with_remote_span_context(context));
        let span = tracer.build_with_context(builder, &parent);
        trace.context.set_parent(span.span_context());
        Self { span, method }
    }

    /// Ends the span with the response.
    pub(crate) fn end(mut self, route: Option<&str>, status: StatusCode) {
        if let Some(route) = route {
            self.span.update_name(format!("{} {route}", self.method));
            self.span.set_attribute(KeyValue::new(HTTP_ROUTE, route.to_owned()));
        }
        self.span.set_attribute(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16())));
        // A 4xx is no error of a server span.
        if status.is_server_error() {
            self.span.set_attribute(KeyValue::new(ERROR_TYPE, status.as_str().to_owned()));
            self.span.set_status(Status::error(""));
        }
        self.span.end();
    }
}
