//! Variables that are a number of bytes.

use bytesize::ByteSize;
use shared::env::{ConfigError, Env};
use std::ops::RangeInclusive;

/// Reads a number of bytes within a range.
pub(crate) fn bytes_from_env(
    env: &Env,
    name: &str,
    range: RangeInclusive<usize>,
    default: usize,
) -> Result<usize, ConfigError> {
    let (min, max) = (range.start(), range.end());
    let expected = format!("{min} to {max} bytes, as a number or with KiB or MiB, such as 1MiB");
    let size = env.optional::<ByteSize>(name, &expected)?;
    let bytes = size.map_or(default, |size| usize::try_from(size.as_u64()).unwrap_or(usize::MAX));
    if range.contains(&bytes) {
        return Ok(bytes);
    }
    Err(ConfigError::new(name, format!("is {bytes} bytes; expected {expected}")))
}
