//! What the catalogue promises, against a real directory.

mod changes;
mod crash;
pub(super) mod faults;
mod hand;
mod tags;

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::base::{ManualClock, Timestamp};

pub(super) fn config() -> CatalogueConfig {
    CatalogueConfig::default()
}

pub(super) fn open(path: &Path) -> Catalogue {
    try_open(path).unwrap()
}

pub(super) fn try_open(path: &Path) -> Result<Catalogue, CatalogueError> {
    open_for(path, Access::Write)
}

pub(super) fn open_for(path: &Path, access: Access) -> Result<Catalogue, CatalogueError> {
    let catalogue = open_unjudged(path, access)?;
    // In the place of the compiler: the sources of these tests say on their first line whose they are.
    for hash in catalogue.unjudged() {
        let source = catalogue.source(&hash)?;
        let name = source.entry().text().split_whitespace().nth(1).unwrap_or_default().to_owned();
        catalogue.accept(hash, metadata(&name, None));
    }
    Ok(catalogue)
}

pub(super) fn open_unjudged(path: &Path, access: Access) -> Result<Catalogue, CatalogueError> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)));
    Catalogue::open(path, access, config(), clock)
}

pub(super) fn metadata(name: &str, tag: Option<&str>) -> Arc<Metadata> {
    let value = serde_json::json!({"name": name, "tag": tag, "displayName": name, "events": ["Trade"]});
    Arc::new(serde_json::from_value(value).unwrap())
}

/// A source that says whose it is, and its digest.
pub(super) fn source(name: &str, version: u32) -> Source {
    Source::single("sent.js", format!("// {name} {version}\nmodule.exports = {{}};\r\n")).unwrap()
}

/// Of a first file, which is the entry, and further ones.
pub(super) fn several(files: &[(&str, &str)]) -> Source {
    let file = |(path, text): (&str, &str)| SourceFile { path: path.to_owned(), bytes: text.into() };
    Source::several(files[0].0, files.iter().copied().map(file).collect()).unwrap()
}

pub(super) fn options(tag: &str) -> AddOptions {
    AddOptions { tag: Some(tag.to_owned()), ..AddOptions::default() }
}

pub(super) fn add_with(catalogue: &Catalogue, name: &str, version: u32, options: &AddOptions) -> Result<Added, CatalogueError> {
    let source = source(name, version);
    let new = NewRevision {
        source: &source,
        metadata: metadata(name, None),
        engine: Digest::of(b"engine"),
        world: "sandpit:strategy@1.0.0",
    };
    catalogue.add(&new, options, &cause(""))
}

pub(super) fn cause(reason: &str) -> Cause {
    let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
    Cause { who: "admin".to_owned(), reason, ..Cause::default() }
}

pub(super) fn name(text: &str) -> StrategyName {
    text.parse().unwrap()
}

pub(super) fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

pub(super) fn add(catalogue: &Catalogue, name: &str, version: u32, tag: &str) -> Added {
    add_with(catalogue, name, version, &options(tag)).unwrap()
}

/// Everything that a client could see, with everything that must be so at any time checked.
pub(super) fn picture(catalogue: &Catalogue) -> serde_json::Value {
    let modules = catalogue.list(&ListFilter::default()).modules;
    for module in &modules {
        for revision in &module.revisions {
            assert_eq!(revision.invalid, None, "{}", revision.path);
            assert_eq!(catalogue.source(&revision.hash).unwrap().digest(), revision.hash);
        }
        for hash in module.tag_aliases.values() {
            assert!(module.revisions.iter().any(|revision| revision.hash == *hash), "{module:?}");
        }
    }
    assert_eq!(catalogue.problems(), []);
    let mut value = serde_json::to_value(&modules).unwrap();
    for (module, shown) in modules.iter().zip(value.as_array_mut().unwrap()) {
        // A revision's own metadata is given by each test, not by the disk.
        shown["metadata"] = serde_json::Value::Null;
        // The last move of each tag led to where it points.
        let tags = catalogue.tags(&module.name).unwrap();
        assert!(tags.iter().all(|(_, hash, moved)| moved.as_ref().is_some_and(|moved| moved.to == Some(*hash))), "{tags:?}");
        shown["history"] = serde_json::to_value(tags.into_iter().map(|(_, _, moved)| moved).collect::<Vec<_>>()).unwrap();
    }
    value
}

pub(super) fn nobody(_: &Digest) -> Vec<crate::base::InstanceId> {
    Vec::new()
}

#[test]
fn every_selector_form_selects_the_same_revision() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let one = add(&catalogue, "delay", 1, "v1");
    let two =
        add_with(&catalogue, "delay", 2, &AddOptions { promote_latest: true, aliases: vec!["prod".to_owned()], ..options("v2") })
            .unwrap();
    add(&catalogue, "other", 1, "v1");
    let hex = two.hash.hex();
    let forms = ["delay", " Delay", "delay:v2", "delay:prod", "delay:latest", "delay:Latest"].map(str::to_owned);
    let hashes =
        [hex.clone(), hex.to_uppercase(), format!("sha256:{hex}"), format!("delay@{hex}"), format!("delay@sha256:{hex}")];
    for form in forms.iter().chain(&hashes) {
        let resolved = catalogue.resolve(form).unwrap();
        let tag = if form == "delay:prod" { "prod" } else { "v2" };
        assert_eq!(
            (resolved.name.as_str(), resolved.hash, resolved.tag.as_ref().map(Tag::as_str)),
            ("delay", two.hash, Some(tag)),
            "{form}"
        );
        assert_eq!(catalogue.summary(form).unwrap().selected_revision_hash, two.hash);
    }
    assert_eq!(catalogue.resolve("delay:v1").unwrap().hash, one.hash);

    let unknown = Digest::of(b"unknown");
    let other = catalogue.resolve("other").unwrap().hash;
    let errors = [
        ("zzz".to_owned(), "strategy_not_found"),
        ("zzz:v1".to_owned(), "strategy_not_found"),
        (format!("zzz@{hex}"), "strategy_not_found"),
        ("delay:zz".to_owned(), "tag_not_found"),
        ("delay:V2".to_owned(), "tag_not_found"),
        (unknown.to_string(), "revision_not_found"),
        (format!("delay@{unknown}"), "revision_not_found"),
        (format!("delay@{other}"), "revision_not_found"),
        ("delay@sha256:00".to_owned(), "selector_invalid"),
        ("../delay".to_owned(), "selector_invalid"),
    ];
    for (form, code) in errors {
        let error = catalogue.resolve(&form).unwrap_err();
        assert_eq!(error.code(), code, "{form}: {error}");
    }
    let error = catalogue.resolve("delay:zz").unwrap_err().to_string();
    assert_eq!(error, "tag \"zz\" not found for delay; it has `latest`, `prod`, `v1`, `v2`");
}

#[test]
fn lists_are_filtered_and_paged_in_the_gateways_shape() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    for name in ["c", "a", "b"] {
        add(&catalogue, name, 1, "v1");
    }
    let second = add(&catalogue, "a", 2, "v2");
    let names = |filter: ListFilter| {
        let listing = catalogue.list(&filter);
        let names: Vec<_> = listing.modules.iter().map(|module| module.name.to_string()).collect();
        (names.join(" "), listing.total, listing.offset)
    };
    let page = |limit, offset| ListFilter { limit, offset, ..ListFilter::default() };
    assert_eq!(names(page(None, 0)), ("a b c".to_owned(), 3, 0));
    assert_eq!(names(page(Some(1), 1)), ("b".to_owned(), 3, 1));
    assert_eq!(names(page(Some(0), 0)), (String::new(), 3, 0));
    assert_eq!(names(page(None, 50)), (String::new(), 3, 3));
    let by_name = ListFilter { strategy: Some("b".parse().unwrap()), ..ListFilter::default() };
    assert_eq!(names(by_name), ("b".to_owned(), 1, 0));
    let by_hash = catalogue.list(&ListFilter { hash: Some(second.hash), ..ListFilter::default() });
    assert_eq!((by_hash.total, by_hash.modules[0].selected_revision_hash), (1, second.hash));

    let mut summary = serde_json::to_value(catalogue.summary("a").unwrap()).unwrap();
    let path = summary["path"].take();
    let first = catalogue.resolve("a:v1").unwrap().hash;
    assert_eq!(path.as_str().unwrap(), catalogue.directory().join("a").join(first.hex()).join("a.js").to_str().unwrap());
    let line = |hash: Digest, tag: &str| {
        serde_json::json!({
            "hash": hash, "alias": tag, "path": format!("a/{}/a.js", hash.hex()), "tag": tag, "size": 29,
            "engine": Digest::of(b"engine"), "world": "sandpit:strategy@1.0.0", "createdAt": "2023-11-14T22:13:20.000000000Z",
        })
    };
    let expected = serde_json::json!({
        "name": "a", "file": "a.js", "path": null, "selectedRevisionHash": first, "selectedRevisionTag": "v1",
        "tags": ["latest", "v1"], "tagAliases": {"latest": first, "v1": first, "v2": second.hash},
        "revisions": [line(first, "v1"), line(second.hash, "v2")], "size": 29,
        "metadata": {"name": "a", "displayName": "a", "description": "", "config": [], "events": ["Trade"]},
    });
    assert_eq!(summary, expected);
}
