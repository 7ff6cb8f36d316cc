//! A rate: a count in a time window.

use governor::Quota;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

const MAX_SECONDS: u64 = 24 * 3600;

/// `count` requests in `seconds`. The burst is the count; requests are replenished evenly over the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    seconds: u64,
}

impl Rate {
    /// A rate of `count` a minute, at least one.
    pub const fn per_minute(count: u32) -> Self {
        match NonZeroU32::new(count) {
            Some(count) => Self { count, seconds: 60 },
            None => Self { count: NonZeroU32::MIN, seconds: 60 },
        }
    }

    /// The burst: the most requests at once.
    pub fn count(self) -> u32 {
        self.count.get()
    }

    /// The window in seconds.
    pub fn seconds(self) -> u64 {
        self.seconds
    }

    /// The quota for `governor`. The time of one request is rounded down to a nanosecond, and is at least one.
    pub(super) fn quota(self) -> Quota {
        let one = Duration::from_secs(self.seconds) / self.count.get();
        let quota = Quota::with_period(one.max(Duration::from_nanos(1)));
        quota.map_or_else(|| Quota::per_second(self.count), |quota| quota.allow_burst(self.count))
    }

    /// Seconds until the bucket is full, if `left` requests are left now.
    pub fn seconds_to_full(self, left: u32) -> u64 {
        let used = u64::from(self.count().saturating_sub(left));
        (used * self.seconds).div_ceil(u64::from(self.count()))
    }
}

impl Rate {
    /// How many requests are replenished in `time`, rounded up.
    pub(super) fn count_in(self, time: Duration) -> u32 {
        let window_nanos = u128::from(self.seconds) * 1_000_000_000;
        let count = (time.as_nanos() * u128::from(self.count())).div_ceil(window_nanos);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Reads `COUNT/TIME`: the count by `parse_count`, the time in seconds (s), minutes (m) or hours (h).
    pub fn parse_with(
        text: &str,
        parse_count: impl FnOnce(&str) -> Option<NonZeroU32>,
    ) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no rate");
        let (count, time) = text.split_once('/').ok_or_else(wrong)?;
        let unit = time.chars().last().and_then(|unit| match unit {
            's' => Some(1),
            'm' => Some(60),
            'h' => Some(3600),
            _ => None,
        });
        let number = time.get(..time.len().saturating_sub(1)).unwrap_or_default();
        let number: u64 = if number.is_empty() { 1 } else { number.parse().map_err(|_| wrong())? };
        let seconds = unit.and_then(|unit: u64| number.checked_mul(unit)).ok_or_else(wrong)?;
        if !(1..=MAX_SECONDS).contains(&seconds) {
            return Err(format!("{text:?} is not within a second and 24 hours"));
        }
        Ok(Self { count: parse_count(count.trim()).ok_or_else(wrong)?, seconds })
    }
}

impl FromStr for Rate {
    type Err = String;

    /// Reads a rate such as `30/1m`.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse_with(text, |count| count.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_from_a_count_and_a_time_window() {
        for (text, count, seconds) in [("30/1m", 30, 60), ("1/s", 1, 1), ("5/10s", 5, 10), ("9/2h", 9, 7200)]
        {
            let rate: Rate = text.parse().unwrap();
            assert_eq!((rate.count(), rate.seconds()), (count, seconds), "{text}");
        }
        for wrong in
            ["30", "30/", "/1m", "0/1m", "-1/1m", "1/0s", "1/25h", "1/1d", "1/-1s", "x/1m", "1/1", "1/é"]
        {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_part_of_the_window_replenishes_that_part_of_the_count() {
        let rate = Rate::per_minute(30);
        let counts = [0, 1, 2000, 2001, 60_000].map(|ms| rate.count_in(Duration::from_millis(ms)));
        assert_eq!(counts, [0, 1, 1, 2, 30]);
    }

    #[test]
    fn the_time_to_a_full_bucket_grows_with_what_was_used() {
        let rate = Rate::per_minute(30);
        assert_eq!([30, 29, 28, 0].map(|left| rate.seconds_to_full(left)), [0, 2, 4, 60]);
        assert_eq!(Rate::per_minute(30_000).seconds_to_full(29_999), 1);
    }
}
