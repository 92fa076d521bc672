//! Durations with a unit, each in the unit of who counts it: hundredths of a second are the kernel's unit for people
//! (`USER_HZ`), seconds that of resolvers.

use crate::DurationError;

/// Reads a duration such as `300s` in hundredths of a second.
pub(super) fn centiseconds(text: &str) -> Result<u32, DurationError> {
    let milliseconds = milliseconds(text)?;
    if milliseconds % 10 != 0 {
        return Err(DurationError::TooFine);
    }
    u32::try_from(milliseconds / 10).map_err(|_| DurationError::TooLong)
}

/// Reads the time to live of a record in seconds (RFC 2181 §8: 31 bits).
pub(super) fn time_to_live(text: &str) -> Result<u32, DurationError> {
    let range = DurationError::OutOfRange { min: "0s", max: "2147483647s" };
    let milliseconds = milliseconds(text).map_err(|error| if_too_long(error, range))?;
    if milliseconds % 1000 != 0 {
        return Err(DurationError::NotSeconds);
    }
    i32::try_from(milliseconds / 1000).map(i32::unsigned_abs).map_err(|_| range)
}

/// Reads by how much an answer is late, in milliseconds.
pub(super) fn lateness(text: &str) -> Result<u32, DurationError> {
    let range = DurationError::OutOfRange { min: "1ms", max: "60s" };
    let milliseconds = milliseconds(text).map_err(|error| if_too_long(error, range))?;
    u32::try_from(milliseconds).ok().filter(|late| (1..=60_000).contains(late)).ok_or(range)
}

/// What is too long for the kernel is out of a narrower range, too.
fn if_too_long(error: DurationError, range: DurationError) -> DurationError {
    if error == DurationError::TooLong { range } else { error }
}

fn milliseconds(text: &str) -> Result<u64, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(DurationError::Malformed);
    }
    // Digits that do not fit are simply too many of them.
    let number: u64 = number.parse().map_err(|_| DurationError::TooLong)?;
    let milliseconds_of_unit = match unit {
        "" => return Err(DurationError::NoUnit { number }),
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err(DurationError::Malformed),
    };
    number.checked_mul(milliseconds_of_unit).ok_or(DurationError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read() {
        assert_eq!(centiseconds("300s"), Ok(30_000));
        assert_eq!(centiseconds("5min"), Ok(30_000));
        assert_eq!(centiseconds("1h"), Ok(360_000));
        assert_eq!(centiseconds("250ms"), Ok(25));
        assert_eq!(centiseconds("0s"), Ok(0));
        assert_eq!(centiseconds("42949672950ms"), Ok(u32::MAX));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        assert_eq!(centiseconds("300"), Err(DurationError::NoUnit { number: 300 }));
        assert_eq!(centiseconds("5ms"), Err(DurationError::TooFine));
        assert_eq!(centiseconds("42949672960ms"), Err(DurationError::TooLong));
        assert_eq!(centiseconds("99999999999999999999999s"), Err(DurationError::TooLong));
        assert_eq!(centiseconds("9999999999999999999h"), Err(DurationError::TooLong));
        for bad in ["", "s", "1.5s", "-1s", " 1s", "1 s", "1m", "1S", "٣s"] {
            assert_eq!(centiseconds(bad), Err(DurationError::Malformed), "{bad}");
        }
    }

    #[test]
    fn times_to_live_are_whole_seconds() {
        let range = Err(DurationError::OutOfRange { min: "0s", max: "2147483647s" });
        assert_eq!(time_to_live("0s"), Ok(0));
        assert_eq!(time_to_live("2000ms"), Ok(2));
        assert_eq!(time_to_live("2147483647s"), Ok(2_147_483_647));
        assert_eq!(time_to_live("2147483648s"), range);
        assert_eq!(time_to_live("9999999999999999999h"), range);
        assert_eq!(time_to_live("1500ms"), Err(DurationError::NotSeconds));
        assert_eq!(time_to_live("60"), Err(DurationError::NoUnit { number: 60 }));
    }

    #[test]
    fn an_answer_is_late_by_a_minute_at_most() {
        let range = Err(DurationError::OutOfRange { min: "1ms", max: "60s" });
        assert_eq!((lateness("1ms"), lateness("1min")), (Ok(1), Ok(60_000)));
        assert_eq!((lateness("0ms"), lateness("60001ms"), lateness("99999999999h")), (range, range, range));
    }
}
