//! Time as an argument, so that expiry is tested without waiting.

use crate::validation::{Reason, TextField};
use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment in UTC to the microsecond, which is what every engine keeps.
///
/// In JSON it is RFC 3339 with `Z` and exactly six fraction digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, utoipa::ToSchema)]
#[cfg_attr(feature = "diesel", derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow))]
#[cfg_attr(feature = "diesel", diesel(sql_type = crate::sql_types::Instant))]
#[schema(value_type = String, format = DateTime, example = "2026-01-31T12:00:00.000000Z")]
#[serde(try_from = "DateTime<Utc>")]
pub struct Timestamp(i64);

impl Timestamp {
    /// The end of the calendar.
    const MAX: Self = Self(DateTime::<Utc>::MAX_UTC.timestamp_micros());
    /// The beginning of the calendar.
    const MIN: Self = Self(DateTime::<Utc>::MIN_UTC.timestamp_micros());

    /// The time `micros` microseconds after 1970; `None` outside of the calendar's range.
    pub fn from_micros(micros: i64) -> Option<Self> {
        let time = Self(micros);
        (Self::MIN..=Self::MAX).contains(&time).then_some(time)
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970: `NumericDate` of JWT (RFC 7519, 2).
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This time plus `span`, at most the end of the calendar.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let micros = self.0.saturating_add(span_micros(span));
        Self(micros).min(Self::MAX)
    }

    /// This time minus `span`, at least the beginning of the calendar.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let micros = self.0.saturating_sub(span_micros(span));
        Self(micros).max(Self::MIN)
    }

    fn to_rfc3339(self) -> Option<String> {
        let time = DateTime::from_timestamp_micros(self.0);
        time.map(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// The microseconds of a span, at most the largest number.
fn span_micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = &'static str;

    /// Accepts the years 1 to 9999, which both RFC 3339 and every engine have, and cuts to the microsecond.
    fn try_from(time: DateTime<Utc>) -> Result<Self, Self::Error> {
        let time = Some(time).filter(|time| (1..=9999).contains(&time.year()));
        time.and_then(|time| Self::from_micros(time.timestamp_micros())).ok_or("a time out of range")
    }
}

impl TextField for Timestamp {
    /// Parses RFC 3339.
    fn parse(text: String) -> Result<Self, Reason> {
        let time = DateTime::parse_from_rfc3339(&text).ok().map(|time| time.to_utc());
        let time = time.and_then(|time| Self::try_from(time).ok());
        time.ok_or_else(|| Reason::new("datetime_parsing", "Input should be a valid datetime"))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_rfc3339().ok_or(std::fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Many to a page: a string costs half of what `collect_str` does.
        serializer.serialize_str(&self.to_rfc3339().ok_or_else(|| S::Error::custom("a time out of range"))?)
    }
}

/// The system clock of this process.
static MACHINE: MonotonicClock = MonotonicClock::new();
/// The time of the first reading, for the elapsed time of the process.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A wall clock that never goes back, though the system clock does.
///
/// While the system clock is behind an earlier reading, time is slewed: it runs at half speed until the system clock has caught
/// up. So an expiry comes at most twice as late, and does not wait until the step is over.
#[derive(Debug)]
struct MonotonicClock {
    /// The maximum of all readings, each less half of the process's elapsed time then, in microseconds.
    floor: AtomicI64,
}

impl MonotonicClock {
    const fn new() -> Self {
        Self { floor: AtomicI64::new(i64::MIN) }
    }

    /// The time, given the system clock (`wall`) and the elapsed time of the process, in microseconds.
    fn read(&self, wall: i64, elapsed: i64) -> i64 {
        let slewed = elapsed / 2;
        let floor = self.floor.fetch_max(wall.saturating_sub(slewed), Ordering::SeqCst);
        wall.max(floor.saturating_add(slewed))
    }
}

/// A source of time: the system clock, or one that a test moves.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system clock, which never goes back within a process.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until [`Clock::advance`] moves it. Clones share it.
    pub fn manual() -> Self {
        Self(Some(Arc::new(AtomicI64::new(Self::system().now().as_micros()))))
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros()).unwrap_or(Timestamp::MAX)
    }

    /// The present time in microseconds since 1970. It is cheaper than [`Clock::now`], for use at each request.
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
    pub fn micros(&self) -> i64 {
        if let Some(micros) = &self.0 {
            return micros.load(Ordering::SeqCst);
        }
        let elapsed = span_micros(STARTED.elapsed());
        let wall = span_micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
        MACHINE.read(wall, elapsed)
    }

    /// Moves a manual clock forward. It has no effect on the system clock.
    pub fn advance(&self, span: Duration) {
        if let Some(clock) = &self.0 {
            clock.fetch_add(span_micros(span), Ordering::SeqCst);
        }
    }

    /// Sets a manual clock back, as after a restart behind a step. It has no effect on the system clock.
    pub fn set_back(&self, span: Duration) {
        if let Some(clock) = &self.0 {
            clock.fetch_sub(span_micros(span), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_timestamp_is_written_with_exactly_six_fraction_digits() {
        let json = |micros| serde_json::to_string(&Timestamp::from_micros(micros).unwrap()).unwrap();
        assert_eq!(json(0), r#""1970-01-01T00:00:00.000000Z""#);
        assert_eq!(json(1_700_000_000_120_000), r#""2023-11-14T22:13:20.120000Z""#);
    }

    #[test]
    fn a_timestamp_is_accepted_in_the_years_1_to_9999_alone() {
        let read = |text: &str| {
            let in_json = serde_json::from_value::<Timestamp>(text.into()).ok();
            assert_eq!(<Timestamp as TextField>::parse(text.to_owned()).ok(), in_json, "{text}");
            in_json.map(Timestamp::as_micros)
        };
        assert_eq!(read("1970-01-01T00:00:00.0000019Z"), Some(1));
        assert!(read("0001-01-01T00:00:00Z").is_some());
        assert!(read("9999-12-31T23:59:59.999999Z").is_some());
        for wrong in ["0000-12-31T23:59:59Z", "+10000-01-01T00:00:00Z", "-9000-01-01T00:00:00Z", "today"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual();
        let start = clock.now();
        assert_eq!(clock.clone().now(), start);
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now(), start.plus(Duration::from_secs(2)));
        assert_eq!(clock.now().minus(Duration::from_secs(2)), start);
        clock.set_back(Duration::from_secs(3));
        assert_eq!(clock.now(), start.minus(Duration::from_secs(1)));
    }

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn a_step_back_of_an_hour_is_slewed_over_two_hours() {
        let clock = MonotonicClock::new();
        let noon = 500_000 * HOUR;
        assert_eq!(clock.read(noon, 0), noon);
        // Set back by an hour, a second later.
        assert_eq!(clock.read(noon - HOUR + 1_000_000, 1_000_000), noon + 500_000);
        assert_eq!(clock.read(noon, HOUR), noon + HOUR / 2);
        assert_eq!(clock.read(noon + HOUR, 2 * HOUR), noon + HOUR);
        assert_eq!(clock.read(noon + 2 * HOUR, 3 * HOUR), noon + 2 * HOUR);
    }

    proptest! {
        #[test]
        fn time_never_goes_back_and_is_never_behind_the_wall_clock(
            readings in prop::collection::vec((0..HOUR, -HOUR..HOUR), 1..100),
        ) {
            let clock = MonotonicClock::new();
            let (mut wall, mut elapsed, mut before) = (500_000 * HOUR, 0, i64::MIN);
            for (passed, step) in readings {
                elapsed += passed;
                wall += passed + step;
                let read = clock.read(wall, elapsed);
                prop_assert!(read >= before && read >= wall);
                before = read;
            }
        }
    }

    #[test]
    fn no_thread_sees_the_clock_go_back() {
        let clock = Arc::new(MonotonicClock::new());
        let started = Instant::now();
        let threads = (0..4).map(|thread| {
            let clock = Arc::clone(&clock);
            std::thread::spawn(move || {
                let mut before = i64::MIN;
                for reading in 0..10_000_i64 {
                    let elapsed = i64::try_from(started.elapsed().as_micros()).unwrap();
                    let wall = 500_000 * HOUR + elapsed - (reading + thread) % 3 * HOUR;
                    let read = clock.read(wall, elapsed);
                    assert!(before <= read);
                    before = read;
                }
            })
        });
        for thread in threads.collect::<Vec<_>>() {
            thread.join().unwrap();
        }
    }
}
