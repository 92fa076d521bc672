//! The order of names that hold numbers.

use std::cmp::Ordering;

/// Compares as a person would: runs of digits by their value, all else letter by letter. Names that differ only in leading zeros
/// are told apart by plain comparison, so that the order is total.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    while let (Some((part_a, next_a)), Some((part_b, next_b))) = (split_part(rest_a), split_part(rest_b)) {
        let order = match (number(part_a), number(part_b)) {
            // Without leading zeros, the longer number is the larger one.
            (Some(a), Some(b)) => a.len().cmp(&b.len()).then(a.cmp(b)),
            _ => part_a.cmp(part_b),
        };
        if order.is_ne() {
            return order;
        }
        (rest_a, rest_b) = (next_a, next_b);
    }
    rest_a.len().cmp(&rest_b.len()).then_with(|| a.cmp(b))
}

/// Splits off a run of digits, or one of anything else.
fn split_part(text: &str) -> Option<(&str, &str)> {
    let is_digit = text.chars().next()?.is_ascii_digit();
    let end = text.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(text.len());
    Some(text.split_at(end))
}

/// The digits of a number without leading zeros.
fn number(part: &str) -> Option<&str> {
    part.starts_with(|c: char| c.is_ascii_digit()).then(|| part.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_by_their_value() {
        let sorted =
            ["a", "a-1", "b", "web", "web1", "web2", "web2a", "web02b", "web10", "web10-1", "web100", "x"];
        let mut names = sorted;
        names.reverse();
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, sorted);
    }

    #[test]
    fn the_order_is_total() {
        assert_eq!(compare("web1", "web1"), Ordering::Equal);
        assert_eq!(compare("web01", "web1"), Ordering::Less);
        assert_eq!(compare("web1", "web01"), Ordering::Greater);
        assert_eq!(compare("", "0"), Ordering::Less);
        let long = "9".repeat(60);
        assert_eq!(compare(&long, &format!("1{long}")), Ordering::Less);
    }
}
