//! W3C Trace Context: the trace that a request belongs to.
//!
//! If no span is recorded here, the parent is forwarded as it came, as the recommendation asks of a proxy.

use actix_web::http::header::{HeaderMap, HeaderName};
use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};
use std::fmt;
use uuid::Uuid;

/// The header that names the trace.
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The header of the data of tracing systems.
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// The most characters of `tracestate` that are forwarded.
const MAX_TRACESTATE_CHARACTERS: usize = 512;

/// The flag `sampled`.
const SAMPLED: u8 = 1;

/// A trace id, the id of the parent span, and the flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: u64,
    flags: u8,
    tracestate: Option<String>,
}

impl TraceContext {
    /// A new trace that is not sampled.
    pub fn generate() -> Self {
        Self { trace_id: fastrand::u128(1..), parent_id: fastrand::u64(1..), flags: 0, tracestate: None }
    }

    /// The trace of a request's headers, or a new one if they have no valid `traceparent`.
    pub fn of(headers: &HeaderMap) -> Self {
        Self::sent(headers).unwrap_or_else(Self::generate)
    }

    /// The trace of a request's headers, if they have a valid `traceparent`.
    pub(crate) fn sent(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(&TRACEPARENT);
        let parent = parents.next().filter(|_| parents.next().is_none());
        let parsed = parent.and_then(|parent| Self::parse(parent.to_str().ok()?));
        parsed.map(|context| Self { tracestate: tracestate(headers), ..context })
    }

    /// Parses `traceparent`. Of a later version, the fields of version 0 are taken.
    fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.splitn(5, '-');
        let version = hex(parts.next()?, 2)?;
        let trace_id = hex(parts.next()?, 32).filter(|&id| id != 0)?;
        let parent_id = hex(parts.next()?, 16).filter(|&id| id != 0)?;
        let flags = u8::try_from(hex(parts.next()?, 2)?).ok()?;
        let flags = match (version, parts.next()) {
            (0xff, _) | (0, Some(_)) => return None,
            (0, None) => flags,
            _ => flags & SAMPLED,
        };
        Some(Self { trace_id, parent_id: u64::try_from(parent_id).ok()?, flags, tracestate: None })
    }

    /// The trace id: 32 hexadecimal digits.
    pub fn trace_id(&self) -> impl fmt::Display + use<> {
        let trace_id = self.trace_id;
        fmt::from_fn(move |f| write!(f, "{trace_id:032x}"))
    }

    /// The parent span, as a type of OpenTelemetry's library.
    pub(crate) fn span_context(&self) -> SpanContext {
        let flags = TraceFlags::new(self.flags);
        let (trace_id, span_id) = (self.trace_id.into(), self.parent_id.into());
        SpanContext::new(trace_id, span_id, flags, true, TraceState::default())
    }

    /// Makes a span the parent. One that is not valid is ignored.
    pub(crate) fn set_parent(&mut self, span: &SpanContext) {
        if span.is_valid() {
            self.trace_id = u128::from_be_bytes(span.trace_id().to_bytes());
            self.parent_id = u64::from_be_bytes(span.span_id().to_bytes());
            self.flags = span.trace_flags().to_u8();
        }
    }

    /// The value of `traceparent` for requests of this trace.
    pub fn traceparent(&self) -> String {
        // Written as UUIDs, which is several times as fast as the formatter: each request has these.
        let digits = |number: u128| Uuid::from_u128(number).simple();
        let (trace_id, parent_id, flags) = (self.trace_id, self.parent_id.into(), self.flags.into());
        let mut buffers = [Uuid::encode_buffer(); 3];
        let [trace, parent, last] = &mut buffers;
        let trace_id = digits(trace_id).encode_lower(trace);
        let parent_id = digits(parent_id).encode_lower(parent);
        let flags = digits(flags).encode_lower(last);
        ["00-", trace_id, "-", &parent_id[16..], "-", &flags[30..]].concat()
    }

    /// The value of `tracestate`; without one, that header must not be sent.
    pub fn tracestate(&self) -> Option<&str> {
        self.tracestate.as_deref()
    }

    /// The headers of requests of this trace; one without a value must not be sent.
    pub fn headers(&self) -> [(&'static str, Option<String>); 2] {
        [("traceparent", Some(self.traceparent())), ("tracestate", self.tracestate.clone())]
    }
}

/// A number of exactly `digits` lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_number = text.len() == digits && text.bytes().all(is_hex);
    is_number.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// All headers `tracestate`, joined; `None` if they are too long or not text.
fn tracestate(headers: &HeaderMap) -> Option<String> {
    let values: Result<Vec<_>, _> = headers.get_all(&TRACESTATE).map(|value| value.to_str()).collect();
    Some(values.ok()?.join(",")).filter(|state| (1..=MAX_TRACESTATE_CHARACTERS).contains(&state.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

    fn sent_on(traceparent: &str) -> Option<String> {
        TraceContext::parse(traceparent).and_then(|context| context.headers()[0].1.clone())
    }

    #[test]
    fn a_valid_traceparent_is_forwarded_as_it_came() {
        for flags in ["00", "01", "03"] {
            let traceparent = format!("00-{TRACE_ID}-b7ad6b7169203331-{flags}");
            assert_eq!(sent_on(&traceparent), Some(traceparent));
        }
    }

    #[test]
    fn a_later_version_is_read_as_version_0() {
        let known = format!("00-{TRACE_ID}-b7ad6b7169203331-01");
        for (flags, rest) in [("01", ""), ("f1", "-what-is-to-come")] {
            assert_eq!(
                sent_on(&format!("cc-{TRACE_ID}-b7ad6b7169203331-{flags}{rest}")),
                Some(known.clone())
            );
        }
    }

    #[test]
    fn an_invalid_traceparent_is_ignored() {
        let zeros = "0".repeat(32);
        for wrong in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE_ID}-b7ad6b7169203331"),
            format!("00-{TRACE_ID}-b7ad6b7169203331-01-more"),
            format!("00-{TRACE_ID}-b7ad6b7169203331-01-"),
            format!("ff-{TRACE_ID}-b7ad6b7169203331-01"),
            format!("0-{TRACE_ID}-b7ad6b7169203331-01"),
            format!("00-{}-b7ad6b7169203331-01", TRACE_ID.to_uppercase()),
            format!("00-{zeros}-b7ad6b7169203331-01"),
            format!("00-{TRACE_ID}-0000000000000000-01"),
            format!("00-{TRACE_ID}-b7ad6b716920333-01"),
            format!("00-{TRACE_ID}-b7ad6b716920333z-01"),
            format!("00-{TRACE_ID}-b7ad6b7169203331-0x"),
            format!(" 00-{TRACE_ID}-b7ad6b7169203331-01"),
            format!("00_{TRACE_ID}_b7ad6b7169203331_01"),
        ] {
            assert_eq!(TraceContext::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_generated_trace_is_valid_and_new() {
        let (one, two) = (TraceContext::generate(), TraceContext::generate());
        assert_ne!(one.trace_id().to_string(), two.trace_id().to_string());
        let traceparent = one.headers()[0].1.clone().unwrap();
        assert_eq!(TraceContext::parse(&traceparent), Some(one));
    }
}
