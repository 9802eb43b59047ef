//! `tests/gateway/README.md` is true: every test that it names is here, and every test here is named.

use std::collections::BTreeSet;

use super::*;

fn tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("tests/it/gateway")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if file == "table" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let of = |part: &str| part.split_once("fn ").and_then(|(_, rest)| rest.split_once('(')).map(|(name, _)| name.to_owned());
        tests.extend(text.split("#[tokio::test").skip(1).filter_map(of).map(|name| format!("{file}::{name}")));
    }
    tests
}

#[test]
fn the_table_of_habits_names_every_test_and_no_other() {
    let page = std::fs::read_to_string(root().join("tests/gateway/README.md")).unwrap();
    let named: BTreeSet<String> =
        page.split('`').skip(1).step_by(2).filter(|words| words.contains("::")).map(str::to_owned).collect();
    let tests = tests();
    assert!(tests.len() > 25, "{tests:#?}");
    let (untold, invented): (Vec<_>, Vec<_>) = (tests.difference(&named).collect(), named.difference(&tests).collect());
    assert!(untold.is_empty() && invented.is_empty(), "not in the table {untold:#?}, not there {invented:#?}");
    for name in NAMES {
        assert!(page.contains(&format!("`{name}.js`")), "{name}.js");
    }
}
