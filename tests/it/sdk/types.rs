//! What JavaScript really gets, held against the names that the package's types have.

use serde_json::Value;

use super::{contract, observed};

fn sorted(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    names
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_types_have_the_names_that_javascript_gets() {
    let (contract, observed) = (contract(), observed());
    let shapes = contract["shapes"].as_object().unwrap();
    // What is passed in, and what only an error is.
    let unseen = ["OrderOptions", "OrderError"];
    let events = contract["events"].as_object().unwrap();
    let of_event = |shape: &str| events.iter().find(|(_, payload)| *payload == shape).map(|(event, _)| event.as_str());
    for (shape, names) in shapes.iter().filter(|(shape, _)| !unseen.contains(&shape.as_str())) {
        let told = observed.get(shape).or_else(|| observed.get(of_event(shape)?));
        let told = told.unwrap_or_else(|| panic!("the probe has seen no {shape}"));
        for value in told {
            let keys = sorted(value.as_object().unwrap().keys().cloned());
            assert_eq!(keys, sorted(texts(names)), "{shape}: {value}");
        }
    }
    for owner in ["Runtime", "Helpers", "Globals"] {
        assert_eq!(sorted(texts(&observed[owner][0])), sorted(texts(&contract["functions"][owner])), "{owner}");
    }
    assert_eq!(sorted(texts(&observed["events"][0])), sorted(events.keys().cloned()));
    assert_eq!(observed["more of Trade"][0], serde_json::json!(["number"]));
    assert_eq!(observed["more of ExecReport"][0], serde_json::json!(["string"]), "a rejection comes first, with its reason");
    let words = |ts: &str| texts(&contract["words"][ts]);
    for report in &observed["ExecReport"] {
        for (field, ts) in [("state", "ReportState"), ("side", "Side"), ("orderType", "OrderType")] {
            assert!(words(ts).iter().any(|word| report[field] == **word), "{field} of {report}");
        }
    }
}

#[test]
fn the_types_have_the_codes_that_javascript_gets() {
    let types = std::fs::read_to_string(super::package().join("src/generated/codes.d.ts")).unwrap();
    let observed = observed();
    let codes: Vec<String> = ["codes", "codes of create"].iter().flat_map(|key| texts(&observed[*key][0])).collect();
    assert_eq!(codes.len(), 14, "{codes:?}");
    for code in codes {
        assert!(types.contains(&format!("| \"{code}\"")), "`{code}` is no ErrorCode");
    }
}
