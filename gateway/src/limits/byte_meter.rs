//! Counts the bytes that one request writes against what its user may write in a time.

use super::RateLimits;
use actix_web::HttpRequest;
use actix_web::web::Data;
use shared::ids::UserId;
use shared::input::MAX_BODY_BYTES;
use std::num::NonZeroU32;

/// The bytes of one request's body: all at once where its length is announced, else piece by piece.
pub(crate) struct ByteMeter {
    limits: Data<RateLimits>,
    /// Whose answer tells what is left.
    request: HttpRequest,
    user_id: UserId,
    bytes: u64,
}

impl ByteMeter {
    pub(super) fn new(limits: Data<RateLimits>, request: HttpRequest, user_id: UserId) -> Self {
        Self { limits, request, user_id, bytes: 0 }
    }

    /// Counts so many more bytes.
    ///
    /// # Errors
    /// The seconds after which they are taken, where the user has written as much as is allowed; they are not counted then.
    pub(crate) fn add(&mut self, bytes: u64) -> Result<(), u64> {
        let total = self.bytes.saturating_add(bytes);
        let kibibytes = total.div_ceil(1024) - self.bytes.div_ceil(1024);
        let kibibytes = NonZeroU32::new(u32::try_from(kibibytes).unwrap_or(u32::MAX));
        if let (Some(limiters), Some(kibibytes)) = (&self.limits.0, kibibytes) {
            let (allowance, taken) = limiters.bytes.take_many(self.user_id.as_uuid().as_u128(), kibibytes);
            allowance.keep(&self.request, taken.is_err());
            // What was taken of a body that is broken off now is not given back, and how much is to come is not known: once
            // the largest body is allowed again, this one is.
            let max_kibibytes = || u32::try_from(MAX_BODY_BYTES / 1024).unwrap_or(u32::MAX);
            let for_largest = || limiters.bytes.seconds_for(max_kibibytes());
            taken.map_err(|seconds| if self.bytes == 0 { seconds } else { for_largest() })?;
        }
        self.bytes = total;
        Ok(())
    }
}
