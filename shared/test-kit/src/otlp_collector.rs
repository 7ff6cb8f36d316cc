//! An OpenTelemetry collector for one test, which keeps the spans that it receives.

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The largest batch in bytes.
const MAX_BATCH: usize = 0x40_0000;

/// A received span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedSpan {
    /// The service.
    pub service: String,
    /// The name.
    pub name: String,
    /// The trace id: 32 hexadecimal digits.
    pub trace_id: String,
    /// The span id: 16 hexadecimal digits.
    pub span_id: String,
    /// The id of the parent span; empty without one.
    pub parent_id: String,
    /// The attributes.
    pub attributes: BTreeMap<String, String>,
    /// Whether its status is an error.
    pub is_error: bool,
}

/// A collector that runs until it is dropped.
#[derive(Debug)]
pub struct OtlpCollector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<ExportedSpan>>>,
    server: ServerHandle,
}

impl OtlpCollector {
    /// Starts a collector.
    ///
    /// # Panics
    /// If no port is free.
    pub fn start() -> Self {
        let spans = Arc::<Mutex<Vec<ExportedSpan>>>::default();
        let data = Data::from(Arc::clone(&spans));
        let server = HttpServer::new(move || {
            let app = App::new().app_data(data.clone()).app_data(PayloadConfig::new(MAX_BATCH));
            app.route("/v1/traces", web::post().to(post_traces))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a free port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, spans, server: handle }
    }

    /// The value of `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The spans received so far.
    pub fn spans(&self) -> Vec<ExportedSpan> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for OtlpCollector {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn post_traces(spans: Data<Mutex<Vec<ExportedSpan>>>, body: Bytes) -> HttpResponse {
    let Ok(batch) = ExportTraceServiceRequest::decode(body) else {
        return HttpResponse::BadRequest().finish();
    };
    for of_resource in batch.resource_spans {
        let service = service_name(of_resource.resource.unwrap_or_default());
        let sent = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
        let sent = sent.map(|span| read(service.clone(), span));
        spans.lock().unwrap_or_else(PoisonError::into_inner).extend(sent);
    }
    // An empty message of protobuf has no bytes.
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

fn service_name(resource: Resource) -> String {
    read_attributes(resource.attributes).remove("service.name").unwrap_or_default()
}

fn read(service: String, span: Span) -> ExportedSpan {
    ExportedSpan {
        service,
        name: span.name,
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        attributes: read_attributes(span.attributes),
        is_error: span.status.is_some_and(|status| status.code == 2),
    }
}

fn read_attributes(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|attribute| (attribute.key, text(attribute.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
