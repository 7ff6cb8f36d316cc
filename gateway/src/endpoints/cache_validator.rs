//! Conditional requests: responses that a client caches and validates by their entity tag (RFC 9110, 13).

use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use foldhash::fast::FixedState;
use std::hash::BuildHasher as _;

/// The entity tag and the `Cache-Control` of a response.
pub(crate) struct CacheValidator {
    tag: EntityTag,
    cache_control: &'static str,
}

impl CacheValidator {
    /// The validator of these bytes. Its tag is weak, as the compressed bytes have the same.
    pub(crate) fn of(bytes: &[u8], cache_control: &'static str) -> Self {
        let hash = FixedState::default().hash_one(bytes);
        Self { tag: EntityTag::new_weak(format!("{hash:016x}")), cache_control }
    }

    /// Whether `If-None-Match` has the tag.
    pub(crate) fn matches(&self, request: &HttpRequest) -> bool {
        match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&self.tag)),
            Err(_) => false,
        }
    }

    /// 200, without a body yet.
    pub(crate) fn ok(&self) -> HttpResponseBuilder {
        self.add_to(HttpResponse::Ok())
    }

    /// 304.
    pub(crate) fn not_modified(&self) -> HttpResponseBuilder {
        self.add_to(HttpResponse::NotModified())
    }

    fn add_to(&self, mut response: HttpResponseBuilder) -> HttpResponseBuilder {
        response
            .insert_header((ETAG, self.tag.to_string()))
            .insert_header((CACHE_CONTROL, self.cache_control));
        response
    }
}
