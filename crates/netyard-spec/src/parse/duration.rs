//! Durations with a unit, in the kernel's unit for people: hundredths of a second (`USER_HZ`).

use crate::DurationError;

/// Reads a duration such as `300s` in hundredths of a second.
pub(super) fn centiseconds(text: &str) -> Result<u32, DurationError> {
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
    let milliseconds = number.checked_mul(milliseconds_of_unit).ok_or(DurationError::TooLong)?;
    if milliseconds % 10 != 0 {
        return Err(DurationError::TooFine);
    }
    u32::try_from(milliseconds / 10).map_err(|_| DurationError::TooLong)
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
}
