//! Values of log fields.

use std::time::Duration;

/// Milliseconds with at most three decimals.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_at_most_three_decimals() {
        for (nanoseconds, text) in [
            (0, "0"),
            (499, "0"),
            (500, "0.001"),
            (1_234_567, "1.235"),
            (250_000_000, "250"),
            (86_399_999_999_400, "86399999.999"),
        ] {
            assert_eq!(millis(Duration::from_nanos(nanoseconds)).to_string(), text);
        }
    }
}
