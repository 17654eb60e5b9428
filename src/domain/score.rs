//! A figure against its threshold, in exact fractions; percents are for people only.

use std::cmp::Ordering;

use crate::plans::Comparator;

/// Numerator and denominator; the denominator is above zero.
pub type Fraction = (i128, i128);

/// How `a` stands to `b`.
#[must_use]
pub fn compare(a: Fraction, b: Fraction) -> Ordering {
    (a.0 * b.1).cmp(&(b.0 * a.1))
}

/// What is still missing to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// Least number to be moved from the shortfall into the numerator, the denominator as it is (for a
    /// lower-is-better target: out of the numerator). `None`: no number helps.
    pub convert: Option<i128>,
    /// Least number of further successes that enter both (for lower-is-better: the denominator alone).
    pub in_a_row: Option<i128>,
}

/// What `numerator/denominator` needs to stand to `threshold` as `comparator` asks. 0 when it does.
/// `outside`: the numerator is no part of the denominator.
#[must_use]
pub fn needed(
    numerator: i64,
    denominator: i64,
    comparator: Comparator,
    threshold: Fraction,
    lower_is_better: bool,
) -> Needed {
    let (n, d) = (i128::from(numerator), i128::from(denominator));
    let (p, q) = threshold;
    if d <= 0 {
        return Needed { convert: None, in_a_row: None };
    }
    if comparator.holds(compare((n, d), threshold)) {
        return Needed { convert: Some(0), in_a_row: Some(0) };
    }
    // How far n·q is from p·d, counted in the direction that helps.
    let gap = if lower_is_better { n * q - p * d } else { p * d - n * q };
    let (move_step, add_step) = if lower_is_better { (q, p) } else { (q, q - p) };
    let convert = least(gap, move_step, comparator).filter(|k| if lower_is_better { *k <= n } else { *k <= d - n });
    Needed { convert, in_a_row: least(gap, add_step, comparator) }
}

/// How many of `room` successes may still fail before `best/denominator`, which counts all of them, no longer stands to
/// the threshold as it should. `None`: it does not even with all of them, or a lower figure would be better.
#[must_use]
pub fn may_slip(best: i64, denominator: i64, room: i64, comparator: Comparator, threshold: Fraction) -> Option<i64> {
    let holds = |k: i64| {
        let fraction = (i128::from(best - k), i128::from(denominator));
        comparator.holds(compare(fraction, threshold))
    };
    if denominator <= 0 || matches!(comparator, Comparator::AtMost | Comparator::Below) || !holds(0) {
        return None;
    }
    if comparator == Comparator::Equal {
        return Some(0);
    }
    // Fewer successes never help: the last k that holds lies between `low`, which does, and `high`, which does not.
    let (mut low, mut high) = (0, room + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(low)
}

/// The least k ≥ 1 with k·step ≥ gap (or > gap, or = gap).
fn least(gap: i128, step: i128, comparator: Comparator) -> Option<i128> {
    if step <= 0 || gap < 0 {
        return None;
    }
    match comparator {
        Comparator::AtLeast | Comparator::AtMost => Some((gap + step - 1) / step),
        Comparator::Above | Comparator::Below => Some(gap / step + 1),
        Comparator::Equal => (gap % step == 0).then_some(gap / step),
    }
}

/// A fraction in percent with two decimals, half up; `None` for an empty denominator, never 0 or 100.
#[must_use]
pub fn percent(numerator: i64, denominator: i64) -> Option<String> {
    decimal(i128::from(numerator) * 100, i128::from(denominator))
}

/// Minutes over a count as working days of eight hours, two decimals, half up.
#[must_use]
pub fn days(minutes: i64, count: i64) -> Option<String> {
    decimal(i128::from(minutes), i128::from(count) * 480)
}

fn decimal(numerator: i128, denominator: i128) -> Option<String> {
    if denominator == 0 {
        return None;
    }
    let hundredths = (numerator * 200 + denominator).div_euclid(denominator * 2);
    Some(format!("{}.{:02}", hundredths / 100, hundredths % 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_search(n: i64, d: i64, comparator: Comparator, t: Fraction, down: bool) -> Needed {
        let holds = |n: i128, d: i128| d > 0 && comparator.holds(compare((n, d), t));
        let (n, d) = (i128::from(n), i128::from(d));
        let convert =
            if down { (0..=n).find(|k| holds(n - k, d)) } else { (0..=(d - n).max(0)).find(|k| holds(n + k, d)) };
        let in_a_row = (0..=5000).find(|j| if down { holds(n, d + j) } else { holds(n + j, d + j) });
        Needed { convert, in_a_row }
    }

    #[test]
    fn agrees_with_a_plain_search() {
        let comparators =
            [Comparator::AtLeast, Comparator::Above, Comparator::Equal, Comparator::AtMost, Comparator::Below];
        for comparator in comparators {
            let down_too = matches!(comparator, Comparator::AtMost | Comparator::Below);
            for t in [(95, 100), (1, 1), (0, 1), (1, 2), (3, 100)] {
                for d in 1..25_i64 {
                    for n in 0..=d {
                        let down = down_too || (comparator == Comparator::Equal && t.0 == 0);
                        let expected = by_search(n, d, comparator, t, down);
                        assert_eq!(needed(n, d, comparator, t, down), expected, "{n}/{d} {comparator:?} {t:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_may_slip_agrees_with_a_plain_search() {
        for comparator in [Comparator::AtLeast, Comparator::Above, Comparator::Equal] {
            for t in [(95, 100), (1, 1), (0, 1), (1, 2)] {
                for (room, best, d) in
                    (0..8).flat_map(|r| (r..12).map(move |n| (r, n))).flat_map(|(r, n)| [(r, n, n), (r, n, 13)])
                {
                    let holds = |k: &i64| d > 0 && comparator.holds(compare(((best - k).into(), d.into()), t));
                    let expected = (0..=room).take_while(holds).last();
                    assert_eq!(
                        may_slip(best, d, room, comparator, t),
                        expected,
                        "{best}/{d} {room} {comparator:?} {t:?}"
                    );
                }
            }
        }
        assert_eq!(may_slip(1, 2, 1, Comparator::AtMost, (1, 1)), None);
    }

    #[test]
    fn percents_round_half_up_and_nothing_is_null() {
        assert_eq!(percent(121, 125).as_deref(), Some("96.80"));
        assert_eq!(percent(1, 3).as_deref(), Some("33.33"));
        assert_eq!(percent(2, 3).as_deref(), Some("66.67"));
        assert_eq!(percent(1, 800).as_deref(), Some("0.13"));
        assert_eq!(percent(0, 0), None);
        assert_eq!(days(960, 2).as_deref(), Some("1.00"));
    }
}
