//! How probable it is that chance alone shows so much.
//!
//! Samples are small in this field, so nothing here approximates by a normal distribution where the
//! exact one can be summed up.

/// Below this a probability is as good as none; it keeps printed figures honest about their limits.
const P_MIN: f64 = 1e-30;

/// Two tables count as equally probable when they differ by rounding only (R's `fisher.test` uses
/// the same allowance).
const ROUNDING: f64 = 1.0 + 1e-7;

/// The two-sided p-value of Fisher's exact test (Fisher 1935, "The logic of inductive inference"):
/// how probable a division of all hits at least as odd as `a` of `n` against `b` of `m` is, if both
/// sides share one rate. 1 when either side is empty; more hits than trials count as all.
pub(super) fn fisher_exact((a, n): (u64, u64), (b, m): (u64, u64)) -> f64 {
    let (a, b) = (a.min(n), b.min(m));
    let hits = a + b;
    let (least, most) = (hits.saturating_sub(m), hits.min(n));
    if least == most {
        return 1.0;
    }
    let ln_all = ln_choose(n + m, hits);
    let probability = |x: u64| (ln_choose(n, x) + ln_choose(m, hits - x) - ln_all).exp();
    let observed = probability(a) * ROUNDING;
    // From the middle outwards each table's probability follows from its neighbour's, and they only
    // fall; what is too small to matter ends the walk.
    let middle = ((n + 1) as f64 * (hits + 1) as f64 / (n + m + 2) as f64) as u64;
    let middle = middle.clamp(least, most);
    let from_middle = probability(middle);
    let counted = |p: f64| if p <= observed { p } else { 0.0 };
    let mut sum = counted(from_middle);
    let mut p = from_middle;
    for x in middle..most {
        p *= (n - x) as f64 * (hits - x) as f64;
        p /= (x + 1) as f64 * (m + x + 1 - hits) as f64;
        sum += counted(p);
        if p < P_MIN {
            break;
        }
    }
    p = from_middle;
    for x in (least..middle).rev() {
        p *= (x + 1) as f64 * (m + x + 1 - hits) as f64;
        p /= (n - x) as f64 * (hits - x) as f64;
        sum += counted(p);
        if p < P_MIN {
            break;
        }
    }
    sum.clamp(P_MIN, 1.0)
}

/// The p-values after allowing for how many comparisons were made, in the same order (Holm 1979, "A
/// simple sequentially rejective multiple test procedure"). `n_made` counts all of them, also those
/// whose p-value is not among these: they must not be smaller by selection than chance has it.
pub(super) fn holm(p_values: &[f64], n_made: usize) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let n_made = n_made.max(p_values.len());
    let mut adjusted: Vec<(usize, f64)> = Vec::with_capacity(order.len());
    let mut least: f64 = 0.0;
    for (rank, (place, p)) in order.into_iter().enumerate() {
        least = least.max(p * (n_made - rank) as f64).min(1.0);
        adjusted.push((place, least));
    }
    adjusted.sort_by_key(|(place, _)| *place);
    adjusted.into_iter().map(|(_, p)| p).collect()
}

/// How many in each of two groups show, four times in five, that one rate is `low` and the other
/// `high` (two-sided at 5 %; Fleiss, "Statistical methods for rates and proportions", 3.14 without
/// the correction for continuity).
pub(super) fn group_size(low: f64, high: f64) -> f64 {
    const Z_ALPHA: f64 = 1.959_963_984_540_054;
    const Z_POWER: f64 = 0.841_621_233_572_914;
    let middle = f64::midpoint(low, high);
    let under_null = Z_ALPHA * (2.0 * middle * (1.0 - middle)).sqrt();
    let under_doubling = Z_POWER * (low * (1.0 - low) + high * (1.0 - high)).sqrt();
    ((under_null + under_doubling) / (high - low)).powi(2)
}

/// The logarithm of how many ways there are to choose `k` of `n`.
fn ln_choose(n: u64, k: u64) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// Stirling's series, good to the last digits from 16 up; the product below.
fn ln_factorial(n: u64) -> f64 {
    if n < 16 {
        return (2..=n).map(|x| x as f64).product::<f64>().ln();
    }
    let x = n as f64;
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series =
        inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    (x + 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fishers_test_agrees_with_published_and_counted_values() {
        #[track_caller]
        fn check(one: (u64, u64), other: (u64, u64), expected: f64) {
            let found = fisher_exact(one, other);
            let close = (found - expected).abs() <= expected * 1e-5;
            assert!(close, "{one:?} against {other:?}: {found}");
            assert!((fisher_exact(other, one) - found).abs() < 1e-9);
        }
        // The lady tasting tea: all four right, and three of four.
        check((4, 4), (0, 4), 2.0 / 70.0);
        check((3, 4), (1, 4), 34.0 / 70.0);
        // The manual of R's `fisher.test`: convictions of like-sex twins (Fisher 1962).
        check((2, 17), (10, 13), 0.000_536_724_119_143_4);
        check((5, 10), (5, 10), 1.0);
        check((0, 30), (0, 30), 1.0);
        check((0, 0), (3, 10), 1.0);
        check((9, 5), (0, 5), 2.0 / 252.0);
    }

    #[test]
    fn a_million_takes_no_longer_and_overflows_nothing() {
        // Two equal halves of a million: the normal approximation is right here.
        let found = fisher_exact((20_500, 500_000), (20_000, 500_000));
        assert!((found - 0.011_6).abs() < 5e-4, "{found}");
        let far = fisher_exact((400_000, 500_000), (1, 500_000));
        assert_eq!(far, P_MIN);
        let even = fisher_exact((250_000, 500_000), (250_000, 500_000));
        assert!((even - 1.0).abs() < 1e-6, "{even}");
    }

    #[test]
    fn all_divisions_of_the_hits_add_up_to_one() {
        for (n, m, hits) in [(7, 9, 5), (40, 300, 17), (16, 16, 16), (2_000, 90_000, 400)] {
            let ways = (0..=hits.min(n))
                .filter(|x| hits - x <= m)
                .map(|x| (ln_choose(n, x) + ln_choose(m, hits - x) - ln_choose(n + m, hits)).exp());
            let sum: f64 = ways.sum();
            assert!((sum - 1.0).abs() < 1e-8, "{n} {m} {hits}: {sum}");
        }
    }

    #[test]
    fn holm_allows_for_every_comparison_made() {
        #[track_caller]
        fn check(p_values: &[f64], n_made: usize, expected: &[f64]) {
            let found = holm(p_values, n_made);
            let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
            assert!(found.iter().zip(expected).all(close), "{found:?}");
            assert_eq!(found.len(), expected.len());
        }
        check(&[0.01, 0.04, 0.03, 0.005], 4, &[0.03, 0.06, 0.06, 0.02]);
        check(&[0.5, 0.9], 2, &[1.0, 1.0]);
        check(&[0.001], 100, &[0.1]);
        check(&[], 3, &[]);
    }

    #[test]
    fn group_sizes_agree_with_tables() {
        // Fleiss, table A.3 without continuity correction: 5 % against 10 %, power 80 %: 435.
        let found = group_size(0.05, 0.10);
        assert!((found - 435.0).abs() < 1.0, "{found}");
    }
}
