//! The guests of `tests/guests`: their sources and what they say is to be expected of them.

use std::fs;

use super::root;

/// The source of `tests/guests/<name>.js`.
pub(crate) fn source(name: &str) -> String {
    let path = root().join("tests/guests").join(format!("{name}.js"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The source of the revision that `latest` of a built-in strategy names.
pub(crate) fn builtin(name: &str) -> String {
    let read = |file: &str| fs::read_to_string(root().join("strategies").join(file)).unwrap();
    let registry: serde_json::Value = serde_json::from_str(&read("registry.json")).unwrap();
    let strategy = &registry[name];
    let latest = strategy["tags"]["latest"].as_str().unwrap();
    read(strategy["hashes"][latest]["path"].as_str().unwrap())
}

/// One line `// Expect: <when>: <what> <text>`.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    /// `upload`, `launch`, `trade`, `timer` or `stop`.
    pub(crate) when: String,
    /// `accepted`, `diagnostic`, `exception`, `fault`, `logs` or `runs`.
    pub(crate) what: String,
    /// What follows, without what stands in parentheses.
    pub(crate) text: String,
    /// What stands in parentheses.
    pub(crate) remark: String,
}

/// Every guest with its expectations, by name.
pub(crate) fn all() -> Vec<(String, Vec<Expectation>)> {
    let mut guests = Vec::new();
    for entry in fs::read_dir(root().join("tests/guests")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "js") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let expectations = source(&name).lines().filter_map(parse).collect();
            guests.push((name, expectations));
        }
    }
    guests.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(guests.len() > 80, "{} guests: were they moved?", guests.len());
    guests
}

fn parse(line: &str) -> Option<Expectation> {
    let rest = line.strip_prefix("// Expect: ")?;
    let (when, rest) = rest.split_once(": ")?;
    let (rest, remark) = rest.split_once('(').unwrap_or((rest, ""));
    let (what, text) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    let owned = |text: &str| text.trim().to_owned();
    Some(Expectation { when: owned(when), what: owned(what), text: owned(text), remark: owned(remark.trim_end_matches(')')) })
}
