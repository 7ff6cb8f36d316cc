//! The span of a request, from its head to the head of its answer.

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

/// The span of a request that is being answered. One that is dropped, because its client has left, ends without a status.
pub(crate) struct RequestSpan {
    span: Span,
    method: &'static str,
}

impl RequestSpan {
    pub(super) fn begin(tracer: &SdkTracer, request: &ServiceRequest, trace: &mut Trace) -> Self {
        let method = label_of(request.method());
        let builder = tracer.span_builder(method).with_kind(SpanKind::Server).with_attributes([
            KeyValue::new(HTTP_REQUEST_METHOD, method),
            // What this server speaks itself. What a proxy before it speaks is not known for certain.
            KeyValue::new(URL_SCHEME, "http"),
        ]);
        // A trace that this process has made up a moment ago has no span that could be a parent.
        let sender = TraceContext::sent(request.headers()).map(|context| context.span_context());
        let parent =
            sender.map_or_else(Context::new, |context| Context::new().with_remote_span_context(context));
        let span = tracer.build_with_context(builder, &parent);
        trace.context.set_parent(span.span_context());
        Self { span, method }
    }

    /// It was answered so.
    pub(crate) fn end(mut self, route: Option<&str>, status: StatusCode) {
        if let Some(route) = route {
            self.span.update_name(format!("{} {route}", self.method));
            self.span.set_attribute(KeyValue::new(HTTP_ROUTE, route.to_owned()));
        }
        self.span.set_attribute(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16())));
        // An error of the client's is none of the server's.
        if status.is_server_error() {
            self.span.set_attribute(KeyValue::new(ERROR_TYPE, status.as_str().to_owned()));
            self.span.set_status(Status::error(""));
        }
        self.span.end();
    }
}
