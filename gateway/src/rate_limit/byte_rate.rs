//! A rate of bytes.

use bytesize::ByteSize;
use shared::rate_limit::Rate;
use shared_web::body_limits::MAX_BODY_BYTES;
use std::num::NonZeroU32;
use std::str::FromStr;

/// Bytes in a time. Each body is rounded up to whole KiB, the unit of the token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRate(Rate);

impl ByteRate {
    /// This many mebibytes in a minute; at least one.
    pub const fn mebibytes_per_minute(count: u32) -> Self {
        Self(Rate::per_minute(count.saturating_mul(1024)))
    }

    /// The same rate in KiB.
    pub(super) fn kibibytes(self) -> Rate {
        self.0
    }
}

impl FromStr for ByteRate {
    type Err = String;

    /// Reads `64MiB/1m`: a size in a time. A limit below the largest body would never let that pass.
    fn from_str(text: &str) -> Result<Self, String> {
        let kibibytes = |size: &str| {
            let bytes = size.parse::<ByteSize>().ok()?.as_u64();
            u32::try_from(bytes / 1024).ok().and_then(NonZeroU32::new)
        };
        let rate = Rate::parse_with(text, kibibytes)?;
        if u64::from(rate.count()) * 1024 < u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX) {
            return Err(format!("{text:?} is less than the largest body, {MAX_BODY_BYTES} bytes"));
        }
        Ok(Self(rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_bytes_is_a_size_in_a_time_no_smaller_than_the_largest_body() {
        for (text, kibibytes, seconds) in [
            ("64MiB/1m", 65_536, 60),
            ("16 MiB/s", 16_384, 1),
            ("16777216/10s", 16_384, 10),
            ("1G/h", 976_562, 3600),
        ] {
            let rate = text.parse::<ByteRate>().unwrap().kibibytes();
            assert_eq!((rate.count(), rate.seconds()), (kibibytes, seconds), "{text}");
        }
        for wrong in ["64MiB", "64/1m", "15MiB/1m", "16MB/1m", "-1MiB/1m", "x/1m", "64MiB/1d", "9999TiB/1m"] {
            assert!(wrong.parse::<ByteRate>().is_err(), "{wrong}");
        }
        assert_eq!(ByteRate::mebibytes_per_minute(64), "64MiB/1m".parse().unwrap());
    }
}
