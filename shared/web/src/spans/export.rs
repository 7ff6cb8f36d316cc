//! The export of spans: in batches, from a thread of OpenTelemetry's library, with the HTTP client of this workspace.

use async_trait::async_trait;
use opentelemetry::Key;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_semantic_conventions::attribute::SERVICE_NAME;
use reqwest::Url;
use shared::env::{ConfigError, Env};
use shared::http_client::http_client_with_timeout;
use shared::service::Service;
use std::time::Duration;
use tokio::runtime::Handle;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"];
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
/// The default time-out of a batch.
const DEFAULT_TIMEOUT_MS: u64 = 10_000;
const MAX_TIMEOUT_MS: u64 = 600_000;

/// The collector that spans are sent to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Destination {
    url: Url,
    timeout: Duration,
}

impl Destination {
    /// Reads the variables that the library leaves to its user, and those whose errors it would ignore.
    pub(super) fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        let is_disabled =
            env.get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if is_disabled || env.get("OTEL_TRACES_EXPORTER") == Some("none") {
            return Ok(None);
        }
        let expected = "the URL of a collector that takes OTLP over HTTP, such as http://collector:4318";
        let Some((name, mut url)) = endpoint(env, expected)? else {
            return Ok(None);
        };
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(ConfigError::new(name, format!("is no URL of HTTP; expected {expected}")));
        }
        if name == ENDPOINT {
            url.set_path(&format!("{}/v1/traces", url.path().trim_end_matches('/')));
        }
        for name in PROTOCOLS {
            if let Some(other) = env.get(name).filter(|&protocol| protocol != "http/protobuf") {
                return Err(ConfigError::new(name, format!("{other} is not spoken; expected http/protobuf")));
            }
        }
        let mut timeout = DEFAULT_TIMEOUT_MS;
        for name in TIMEOUTS.into_iter().rev() {
            timeout = env.number(name, "milliseconds", 1..=MAX_TIMEOUT_MS, timeout)?;
        }
        Ok(Some(Self { url, timeout: Duration::from_millis(timeout) }))
    }
}

/// The variable that names the collector, and its value.
fn endpoint(env: &Env, expected: &str) -> Result<Option<(&'static str, Url)>, ConfigError> {
    for name in [TRACES_ENDPOINT, ENDPOINT] {
        if let Some(url) = env.optional(name, expected)? {
            return Ok(Some((name, url)));
        }
    }
    Ok(None)
}

/// The tracer provider of a service.
pub(super) fn provider(
    destination: &Destination,
    service: Service,
) -> Result<SdkTracerProvider, ConfigError> {
    let failed = |error: &dyn std::error::Error| ConfigError::new(ENDPOINT, shared::error::causes(error));
    let http = http_client_with_timeout(destination.timeout).map_err(|error| failed(&error))?;
    let runtime = Handle::try_current().map_err(|error| failed(&error))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Sender { http, runtime })
        .with_endpoint(destination.url.as_str())
        .with_timeout(destination.timeout);
    let exporter = exporter.build().map_err(|error| failed(&error))?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
    Ok(provider.with_resource(resource(service)).build())
}

/// The resource of a service's spans. `OTEL_SERVICE_NAME` takes precedence.
fn resource(service: Service) -> Resource {
    let of_env = Resource::builder().build();
    let name = of_env.get(&Key::from(SERVICE_NAME)).map(|name| name.to_string());
    let is_named = name.is_some_and(|name| !name.starts_with("unknown_service"));
    let resource = Resource::builder();
    if is_named { resource } else { resource.with_service_name(service.name()) }.build()
}

/// The HTTP client of this workspace, for a thread without a runtime.
#[derive(Debug)]
struct Sender {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.runtime.spawn(send(self.http.clone(), request)).await?
    }
}

async fn send(http: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut answer = http.execute(request.try_into()?).await?;
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    let mut response = Response::new(answer.bytes().await?);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url<const N: usize>(variables: [(&str, &str); N]) -> Result<Option<String>, String> {
        let destination = Destination::from_env(&Env::of(variables)).map_err(|error| error.to_string())?;
        Ok(destination.map(|destination| destination.url.to_string()))
    }

    #[test]
    fn the_path_is_added_unless_the_variable_is_for_spans_alone() {
        let told = |url: &str| Ok(Some(url.to_owned()));
        assert_eq!(url([]), Ok(None));
        assert_eq!(url([(ENDPOINT, "http://c:4318")]), told("http://c:4318/v1/traces"));
        assert_eq!(url([(ENDPOINT, "https://c/otlp/")]), told("https://c/otlp/v1/traces"));
        assert_eq!(url([(TRACES_ENDPOINT, "http://c/x")]), told("http://c/x"));
        assert_eq!(url([(ENDPOINT, "http://a"), (TRACES_ENDPOINT, "http://c/x")]), told("http://c/x"));
    }

    #[test]
    fn spans_are_off_with_sdk_disabled_or_without_an_exporter() {
        let endpoint = (ENDPOINT, "http://c:4318");
        assert_eq!(url([endpoint, ("OTEL_SDK_DISABLED", "TRUE")]), Ok(None));
        assert_eq!(url([endpoint, ("OTEL_TRACES_EXPORTER", "none")]), Ok(None));
    }

    #[test]
    fn a_wrong_variable_is_an_error_of_one_line() {
        let endpoint = (ENDPOINT, "http://c:4318");
        for (name, line) in [
            (ENDPOINT, url([(ENDPOINT, "collector:4318")])),
            (TRACES_ENDPOINT, url([endpoint, (TRACES_ENDPOINT, "c")])),
            (PROTOCOLS[0], url([endpoint, (PROTOCOLS[0], "grpc")])),
            (TIMEOUTS[1], url([endpoint, (TIMEOUTS[1], "soon")])),
            (TIMEOUTS[0], url([endpoint, (TIMEOUTS[0], "0")])),
        ] {
            let line = line.unwrap_err();
            assert!(line.starts_with(name) && line.contains("expected"), "{line}");
        }
    }
}
