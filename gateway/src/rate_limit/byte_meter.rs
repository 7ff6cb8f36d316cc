//! Byte meter: counts the body of one request against its user's limit on bytes.

use super::admission::RateLimits;
use crate::request_context::RequestContext;
use crate::routing::class::RequestClass;
use crate::routing::upstream::Upstream;
use actix_web::HttpRequest;
use shared::ids::UserId;
use shared_web::body_limits::MAX_BODY_BYTES;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Counts the bytes of one body: all at once where its length is announced, else piece by piece.
pub(crate) struct ByteMeter {
    limits: Arc<RateLimits>,
    /// The request whose response tells what is left.
    request: HttpRequest,
    user_id: UserId,
    bytes: u64,
}

impl ByteMeter {
    /// A meter for the body of a write; `None` where its bytes are not limited. Bodies for the auth service are small, and a user
    /// who has written too much may still log out or change the password.
    pub(crate) fn new(limits: &Arc<RateLimits>, context: &RequestContext<'_>) -> Option<Self> {
        let is_write = RequestClass::of(context.request.method()) == RequestClass::Write;
        let is_write = is_write && context.route.upstream != Upstream::Auth;
        let user = context.user.filter(|_| is_write && limits.bytes().is_some())?;
        let (limits, request) = (Arc::clone(limits), context.request.clone());
        Some(Self { limits, request, user_id: user.user_id, bytes: 0 })
    }

    /// Counts this many more bytes.
    ///
    /// # Errors
    /// The seconds after which they are taken, if the user has written as many as are allowed; they are not counted then.
    pub(crate) fn add(&mut self, bytes: u64) -> Result<(), u64> {
        let total = self.bytes.saturating_add(bytes);
        let kibibytes = total.div_ceil(1024) - self.bytes.div_ceil(1024);
        let kibibytes = NonZeroU32::new(u32::try_from(kibibytes).unwrap_or(u32::MAX));
        if let (Some(limiter), Some(kibibytes)) = (self.limits.bytes(), kibibytes) {
            let (headers, taken) = limiter.take_many(self.user_id.as_uuid().as_u128(), kibibytes);
            headers.keep(&self.request, taken.is_err());
            // The bytes of a body that is broken off now are not given back, and how many are to come is not known: the client
            // waits until the largest body is allowed.
            let max_kibibytes = || u32::try_from(MAX_BODY_BYTES / 1024).unwrap_or(u32::MAX);
            let for_largest = || limiter.seconds_for(max_kibibytes());
            taken.map_err(|seconds| if self.bytes == 0 { seconds } else { for_largest() })?;
        }
        self.bytes = total;
        Ok(())
    }
}
