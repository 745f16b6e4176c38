//! Where two reports first differ.

use serde_json::{Map, Value as Json, json};

/// What a second count does not tell: when the report was made, how it was configured, and words.
const LEFT_OUT: [&str; 4] = ["generated_at", "bounce_rate_max", "findings", "wording"];

/// The path and both values where a report first differs from what was expected of it; shares may
/// differ by a billionth.
pub fn first_difference(expected: &Json, found: &Json) -> Option<String> {
    let mut found = found.clone();
    // Where campaigns stand comes in no order.
    let states = found["states"].as_array().into_iter().flatten();
    let states = states.map(|row| {
        let state = row["state"].as_str().unwrap_or_default();
        (state.to_string(), row["n"].clone())
    });
    let states: Map<String, Json> = states.collect();
    found["states"] = json!(states);
    differs("", expected, &found)
}

fn differs(path: &str, expected: &Json, found: &Json) -> Option<String> {
    let say = || Some(format!("{path}: expected {expected}, found {found}"));
    match (expected, found) {
        (Json::Object(expected), Json::Object(found)) => {
            let names = expected.keys().chain(found.keys());
            names
                .filter(|name| !LEFT_OUT.contains(&name.as_str()))
                .find_map(|name| {
                    let path = format!("{path}/{name}");
                    let missing = json!("nothing");
                    let one = expected.get(name).unwrap_or(&missing);
                    differs(&path, one, found.get(name).unwrap_or(&missing))
                })
        }
        (Json::Array(expected), Json::Array(found)) => {
            let rows = expected.iter().zip(found).enumerate();
            let in_rows = |(place, (expected, found)): (usize, (&Json, &Json))| {
                differs(&format!("{path}/{place}"), expected, found)
            };
            let in_length = || {
                let lengths = (expected.len(), found.len());
                (lengths.0 != lengths.1)
                    .then(|| format!("{path}: rows differ in number, {lengths:?}"))
            };
            rows.into_iter().find_map(in_rows).or_else(in_length)
        }
        (Json::Number(one), Json::Number(other)) if one.is_f64() || other.is_f64() => {
            let apart = one.as_f64()? - other.as_f64()?;
            if apart.abs() <= 1e-9 { None } else { say() }
        }
        _ if expected == found => None,
        _ => say(),
    }
}

#[test]
fn the_first_difference_is_named() {
    #[track_caller]
    fn check(expected: Json, found: Json, difference: Option<&str>) {
        let found = first_difference(&expected, &found);
        assert_eq!(found.as_deref(), difference);
    }
    let report = |n: u64, share: f64| {
        let states = json!([{"state": "active", "n": 2}]);
        json!({"states": states, "rows": [{"n": n, "share": share}]})
    };
    let counted =
        |n: u64, share: f64| json!({"states": {"active": 2}, "rows": [{"n": n, "share": share}]});
    check(counted(1, 0.5), report(1, 0.5), None);
    check(counted(1, 0.5), report(1, 0.5 + 1e-12), None);
    check(
        counted(1, 0.5),
        report(2, 0.5),
        Some("/rows/0/n: expected 1, found 2"),
    );
    check(
        counted(1, 0.5),
        report(1, 0.51),
        Some("/rows/0/share: expected 0.5, found 0.51"),
    );
    let longer = json!({"states": {"active": 2}, "rows": []});
    check(
        longer,
        report(1, 0.5),
        Some("/rows: rows differ in number, (0, 1)"),
    );
    let other = json!({"states": {"active": 3}});
    check(
        other,
        json!({"states": []}),
        Some("/states/active: expected 3, found \"nothing\""),
    );
}
