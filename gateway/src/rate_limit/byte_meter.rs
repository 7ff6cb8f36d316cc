//! Counts the bytes that one request writes against what its user may write in a time.

use super::admission::RateLimits;
use crate::request_context::RequestContext;
use crate::routing::class::RequestClass;
use crate::routing::upstream::Upstream;
use actix_web::HttpRequest;
use shared::ids::UserId;
use shared::input::MAX_BODY_BYTES;
use std::num::NonZeroU32;
use std::sync::Arc;

/// The bytes of one request's body: all at once where its length is announced, else piece by piece.
pub(crate) struct ByteMeter {
    limits: Arc<RateLimits>,
    /// Whose answer tells what is left.
    request: HttpRequest,
    user_id: UserId,
    bytes: u64,
}

impl ByteMeter {
    /// A meter for the body of a request that writes; `None` where its bytes are not limited. Those of the auth service are
    /// small, and who has written too much may still log out or change the password.
    pub(crate) fn of(limits: &Arc<RateLimits>, context: &RequestContext<'_>) -> Option<Self> {
        let is_write = context.class == RequestClass::Write && context.route.upstream != Upstream::Auth;
        let caller = context.caller.filter(|_| is_write && limits.bytes().is_some())?;
        let (limits, request) = (Arc::clone(limits), context.request.clone());
        Some(Self { limits, request, user_id: caller.user_id, bytes: 0 })
    }

    /// Counts so many more bytes.
    ///
    /// # Errors
    /// The seconds after which they are taken, where the user has written as much as is allowed; they are not counted then.
    pub(crate) fn add(&mut self, bytes: u64) -> Result<(), u64> {
        let total = self.bytes.saturating_add(bytes);
        let kibibytes = total.div_ceil(1024) - self.bytes.div_ceil(1024);
        let kibibytes = NonZeroU32::new(u32::try_from(kibibytes).unwrap_or(u32::MAX));
        if let (Some(limiter), Some(kibibytes)) = (self.limits.bytes(), kibibytes) {
            let (allowance, taken) = limiter.take_many(self.user_id.as_uuid().as_u128(), kibibytes);
            allowance.keep(&self.request, taken.is_err());
            // What was taken of a body that is broken off now is not given back, and how much is to come is not known: once
            // the largest body is allowed again, this one is.
            let max_kibibytes = || u32::try_from(MAX_BODY_BYTES / 1024).unwrap_or(u32::MAX);
            let for_largest = || limiter.seconds_for(max_kibibytes());
            taken.map_err(|seconds| if self.bytes == 0 { seconds } else { for_largest() })?;
        }
        self.bytes = total;
        Ok(())
    }
}
