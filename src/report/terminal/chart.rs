//! Bars, lines of columns and shades made of characters.

/// Eighths of a character from nothing to full, growing to the right.
const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Eighths of a character, growing upwards.
const COLUMNS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Shades by the quarters of the largest value.
pub(super) const SHADES: [char; 4] = ['░', '▒', '▓', '█'];

/// A bar of a share of a width; whatever is more than nothing is seen.
pub(super) fn bar(share: f64, width: usize) -> String {
    let share = share.clamp(0.0, 1.0);
    let mut eighths = (share * width as f64 * 8.0).round() as usize;
    if share > 0.0 {
        eighths = eighths.max(1);
    }
    let full = std::iter::repeat_n('█', eighths / 8);
    let rest = EIGHTHS.get(eighths % 8).filter(|c| **c != ' ');
    full.chain(rest.copied()).collect()
}

/// A column for each value, the largest full; a dot where there is none.
pub(super) fn sparkline(values: &[Option<f64>]) -> String {
    let largest = values.iter().flatten().copied().fold(0.0, f64::max);
    let column = |value: &Option<f64>| match value {
        Some(value) => *pick(&COLUMNS, *value, largest),
        None => '·',
    };
    values.iter().map(column).collect()
}

/// The shade of a value between nothing and the largest one.
pub(super) fn shade(value: f64, largest: f64) -> char {
    *pick(&SHADES, value, largest)
}

/// The step of a value on a scale that ends with the largest.
fn pick<const N: usize>(scale: &[char; N], value: f64, largest: f64) -> &char {
    let place = match largest > 0.0 {
        true => (value / largest * N as f64).ceil() as usize,
        false => 0,
    };
    scale.get(place.clamp(1, N) - 1).unwrap_or(&'·')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        #[track_caller]
        fn check(share: f64, expected: &str) {
            assert_eq!(bar(share, 4), expected);
        }
        check(0.0, "");
        check(0.001, "▏");
        check(0.5, "██");
        check(0.72, "██▉");
        check(1.0, "████");
        check(7.0, "████");
        check(f64::NAN, "");
        check(-1.0, "");
    }

    #[test]
    fn columns_and_shades_grow_to_the_largest() {
        let values = [Some(0.0), None, Some(0.02), Some(0.04)];
        assert_eq!(sparkline(&values), "▁·▄█");
        assert_eq!(sparkline(&[Some(0.0), Some(0.0)]), "▁▁");
        assert_eq!(sparkline(&[]), "");
        let shades = [0.0, 0.01, 0.011, 0.04].map(|value| shade(value, 0.04));
        assert_eq!(shades, ['░', '░', '▒', '█']);
    }
}
