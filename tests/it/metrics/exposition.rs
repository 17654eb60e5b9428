//! Reads what is served to Prometheus by the rules of OpenMetrics 1.0, and refuses what breaks one.

use std::collections::{BTreeMap, BTreeSet};

/// A name with its labels, and its value.
pub type Series = BTreeMap<String, f64>;

/// The word of a metadata line and what follows it.
type Described = BTreeMap<String, BTreeMap<&'static str, String>>;

/// What may follow the name of a family, by its type.
fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "counter" => &["_total"],
        "gauge" => &[""],
        "histogram" => &["_bucket", "_sum", "_count"],
        "info" => &["_info"],
        other => panic!("a type of its own: {other}"),
    }
}

/// Every series of a page.
pub fn read(page: &str) -> Series {
    let body = page.strip_suffix("# EOF\n").expect("ends with # EOF");
    let mut described = Described::new();
    let mut closed = BTreeSet::new();
    let mut open = String::new();
    let mut series = Series::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let (word, rest) = rest.split_once(' ').expect("a word");
            let word = ["HELP", "TYPE", "UNIT"].into_iter().find(|known| *known == word).expect("a known word");
            let (name, text) = rest.split_once(' ').expect("a name and a text");
            assert!(is_name(name), "{line}");
            if name != open {
                assert!(!closed.contains(name), "{name} stands in two places");
                closed.insert(std::mem::replace(&mut open, name.to_owned()));
            }
            let twice = described.entry(name.to_owned()).or_default().insert(word, text.to_owned());
            assert_eq!(twice, None, "{line}");
            continue;
        }
        let (series_name, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = labels(series_name);
        let family = &described.get(&open).unwrap_or_else(|| panic!("{line}: nothing says what it is"));
        let kind = family.get("TYPE").unwrap_or_else(|| panic!("{line}: without a type"));
        assert!(suffixes(kind).iter().any(|suffix| format!("{open}{suffix}") == name), "{line}: not of {open}");
        assert_eq!(name.ends_with("_bucket"), labels.contains_key("le"), "{line}");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}: not a number"));
        assert!(kind == "gauge" || value >= 0.0, "{line}: below zero");
        assert_eq!(series.insert(series_name.to_owned(), value), None, "{line}: twice");
    }
    for (name, family) in &described {
        assert!(family.contains_key("HELP"), "{name}: without an explanation");
        assert!(family.get("UNIT").is_none_or(|unit| name.ends_with(&format!("_{unit}"))), "{name}: another unit");
        if family["TYPE"] == "histogram" {
            buckets(name, &series);
        }
    }
    series
}

/// Buckets never fall, and the last one holds everything.
fn buckets(name: &str, series: &Series) {
    let mut found: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for (series_name, value) in series {
        let (other, mut labels) = labels(series_name);
        if other == format!("{name}_bucket") {
            let le = labels.remove("le").expect("a bound").replace("+Inf", "inf");
            found.entry(format!("{labels:?}")).or_default().push((le.parse().expect("a bound"), *value));
        } else if other == format!("{name}_count") {
            found.entry(format!("{labels:?}")).or_default().push((f64::INFINITY, *value));
        }
    }
    for (labels, mut bounds) in found {
        bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(bounds.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{name}{labels}: {bounds:?}");
        let last: Vec<_> = bounds.iter().filter(|bound| bound.0.is_infinite()).map(|bound| bound.1).collect();
        assert!(last.len() == 2 && last[0] == last[1], "{name}{labels}: {bounds:?}");
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A name and its labels, unescaped.
fn labels(text: &str) -> (String, BTreeMap<String, String>) {
    let (name, rest) = text.split_once('{').unwrap_or((text, "}"));
    assert!(is_name(name), "{text}");
    let mut rest = rest.strip_suffix('}').expect("an end");
    let mut labels = BTreeMap::new();
    while !rest.is_empty() {
        let (label, quoted) = rest.split_once("=\"").expect("a label");
        assert!(is_name(label), "{text}");
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        let end = loop {
            match chars.next().expect("a closing quote") {
                (_, '\\') => value.push(match chars.next().expect("an escaped character").1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    c => panic!("{text}: \\{c}"),
                }),
                (place, '"') => break place,
                (_, c) => value.push(c),
            }
        };
        assert_eq!(labels.insert(label.to_owned(), value), None, "{text}");
        rest = quoted[end + 1..].strip_prefix(',').unwrap_or(&quoted[end + 1..]);
    }
    (name.to_owned(), labels)
}

#[test]
fn broken_pages_are_refused() {
    let sound = "# HELP a Help.\n# TYPE a counter\na_total{x=\"\\\"\"} 1\n# EOF\n";
    assert_eq!(read(sound).len(), 1);
    for (from, to) in [
        ("# EOF\n", ""),
        ("a_total", "a"),
        ("x=", "1x="),
        ("} 1", "} one"),
        ("} 1", "} -1"),
        ("counter", "gauge"),
        ("# TYPE a counter\n", ""),
        ("# HELP a Help.\n", ""),
        ("# EOF", "a_total{x=\"\\\"\"} 1\n# EOF"),
        ("# EOF", "# HELP b B.\n# TYPE b gauge\nb 1\n# HELP a A.\n# EOF"),
    ] {
        let broken = sound.replacen(from, to, 1);
        assert_ne!(broken, sound);
        let read = std::panic::catch_unwind(|| read(&broken));
        assert!(read.is_err(), "{broken}");
    }
}
