//! Directories that people, other hosts and broken disks have changed.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;

fn registry(dir: &Path) -> PathBuf {
    dir.join("registry.json")
}

fn two(dir: &Path) -> (Digest, Digest) {
    let catalogue = open(dir);
    (add(&catalogue, "delay", 1, "v1").hash, add(&catalogue, "other", 1, "v1").hash)
}

fn file_of(dir: &Path, name: &str, hash: Digest) -> PathBuf {
    dir.join(name).join(hash.hex()).join(format!("{name}.js"))
}

fn fault(catalogue: &Catalogue, hash: Digest) -> &'static str {
    catalogue.revision(&hash).unwrap().invalid().map_or("none", |invalid| invalid.code)
}

#[test]
fn a_truncated_registry_is_refused_at_every_byte_and_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    add(&open(dir.path()), "delay", 1, "v1");
    let whole = std::fs::read(registry(dir.path())).unwrap();
    for length in 0..whole.len() {
        std::fs::write(registry(dir.path()), &whole[..length]).unwrap();
        let error = try_open(dir.path()).err().unwrap_or_else(|| panic!("{length} bytes were accepted"));
        assert_eq!(error.code(), "registry_invalid", "{error}");
        assert!(length == 0 || error.to_string().contains("line "), "{error}");
        assert_eq!(std::fs::read(registry(dir.path())).unwrap(), &whole[..length]);
    }
    std::fs::write(registry(dir.path()), &whole).unwrap();
    let catalogue = open(dir.path());
    std::fs::write(registry(dir.path()), "{").unwrap();
    let error = add_with(&catalogue, "delay", 2, &options("v2")).unwrap_err();
    assert_eq!(error.code(), "registry_invalid", "what broke while the host runs is not written over");
    assert_eq!(catalogue.reload().unwrap_err().code(), "registry_invalid");
    assert_eq!(catalogue.list(&ListFilter::default()).total, 1, "what was known is still served");
}

#[test]
fn a_registry_that_is_gone_is_not_an_empty_catalogue() {
    let dir = tempfile::tempdir().unwrap();
    two(dir.path());
    std::fs::remove_file(registry(dir.path())).unwrap();
    let error = try_open(dir.path()).err().unwrap();
    assert_eq!(error.code(), "registry_missing");
    assert!(error.to_string().contains("delay, other"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    std::fs::write(empty.path().join("README.md"), "notes").unwrap();
    assert_eq!(open(empty.path()).list(&ListFilter::default()).total, 0, "notes are no strategies");
    let required = CatalogueConfig { require_registry: true };
    let clock = Arc::new(ManualClock::new(Timestamp::ZERO));
    let error = Catalogue::open(empty.path(), Access::Write, required, clock).err().unwrap();
    assert_eq!(error.code(), "registry_missing");
}

#[test]
fn changed_bytes_are_quarantined_and_named_while_the_rest_works() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = two(dir.path());
    let file = file_of(dir.path(), "delay", one);
    let original = std::fs::read(&file).unwrap();
    let catalogue = open(dir.path());
    std::fs::write(&file, "// delay 1 with a change").unwrap();
    assert_eq!(fault(&catalogue, one), "none", "nobody has looked yet");
    let error = catalogue.source(&one).unwrap_err();
    assert_eq!(error.code(), "revision_invalid");
    assert!(error.to_string().contains("module hash mismatch"), "{error}");
    assert_eq!(fault(&catalogue, one), "hash_mismatch", "from then on it is known");
    drop(catalogue);

    let catalogue = open(dir.path());
    assert_eq!((fault(&catalogue, one), fault(&catalogue, other)), ("hash_mismatch", "none"));
    let summary = catalogue.summary("delay").unwrap();
    assert_eq!((summary.metadata, summary.invalid.unwrap().code), (None, "hash_mismatch"));
    assert!(catalogue.revision(&one).unwrap().metadata().is_err());
    std::fs::remove_file(&file).unwrap();
    catalogue.reload().unwrap();
    assert_eq!(fault(&catalogue, one), "source_missing");
    std::fs::write(&file, original).unwrap();
    catalogue.reload().unwrap();
    assert_eq!(catalogue.unjudged(), [one], "its bytes are right again, so it is to be compiled");
    catalogue.reject(one, Invalid { code: "strategy_validation_failed", message: "no".to_owned(), diagnostics: None });
    assert_eq!(fault(&catalogue, one), "strategy_validation_failed");
    catalogue.accept(one, metadata("other", None));
    assert_eq!(fault(&catalogue, one), "name_mismatch");
}

#[test]
fn links_out_of_the_directory_lead_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("delay.js");
    for link_folder in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = two(dir.path());
        let file = file_of(dir.path(), "delay", one);
        std::fs::copy(&file, &secret).unwrap();
        if link_folder {
            std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
            symlink(outside.path(), file.parent().unwrap()).unwrap();
        } else {
            std::fs::remove_file(&file).unwrap();
            symlink(&secret, &file).unwrap();
        }
        let catalogue = open(dir.path());
        assert_eq!((fault(&catalogue, one), fault(&catalogue, other)), ("source_unreadable", "none"));
        let message = catalogue.revision(&one).unwrap().invalid().unwrap().message.clone();
        assert!(message.contains("outside"), "{message}");
        if link_folder {
            add_with(&catalogue, "delay", 1, &options("v1")).expect_err("nothing is written through the link");
        }
        catalogue.delete("delay", nobody, &cause("")).unwrap();
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
        assert_eq!(std::fs::read(&secret).unwrap(), source("delay", 1).entry().bytes, "what it pointed to is untouched");
    }
    let dir = tempfile::tempdir().unwrap();
    let (one, _) = two(dir.path());
    let file = file_of(dir.path(), "delay", one);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(fault(&open(dir.path()), one), "source_unreadable", "a folder in the place of a file");
}

#[test]
fn lines_that_break_a_rule_are_named_kept_and_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = two(dir.path());
    let mut lines: serde_json::Value = serde_json::from_slice(&std::fs::read(registry(dir.path())).unwrap()).unwrap();
    let unknown = Digest::of(b"unknown").to_string();
    lines["delay"]["tags"]["gone"] = unknown.clone().into();
    lines["delay"]["tags"]["a b"] = one.to_string().into();
    lines["delay"]["tags"]["Latest"] = one.to_string().into();
    lines["delay"]["owner"] = "desk 3".into();
    lines["delay"]["hashes"][one.to_string()]["note"] = "reviewed".into();
    lines["delay"]["hashes"]["sha256:00"] = serde_json::json!({"path": "x"});
    lines["other"]["hashes"][other.to_string()]["path"] = "delay/../other.js".into();
    lines["other"]["hashes"][other.to_string()]["files"] = serde_json::json!(["../../delay/x.js"]);
    lines["twin"] = serde_json::json!({"hashes": {one.to_string(): {"path": format!("twin/{}/twin.js", one.hex())}}, "tags": {}});
    lines["Bad Name"] = serde_json::json!({"hashes": {}, "tags": {}});
    std::fs::write(registry(dir.path()), lines.to_string()).unwrap();

    let catalogue = open(dir.path());
    let problems: Vec<_> = catalogue.problems().into_iter().map(|one| (one.strategy, one.subject.unwrap_or_default())).collect();
    let hash = one.to_string();
    let bad =
        [("Bad Name", ""), ("delay", "sha256:00"), ("delay", "Latest"), ("delay", "a b"), ("delay", "gone"), ("twin", &hash)];
    assert_eq!(problems, bad.map(|(strategy, subject)| (strategy.to_owned(), subject.to_owned())));
    assert_eq!(
        catalogue.resolve("delay:gone").unwrap_err().to_string().split(':').next(),
        Some("tag \"gone\" of delay references unknown hash sha256")
    );
    assert_eq!((fault(&catalogue, one), fault(&catalogue, other)), ("none", "path_mismatch"));

    add(&catalogue, "delay", 2, "v2");
    let after: serde_json::Value = serde_json::from_slice(&std::fs::read(registry(dir.path())).unwrap()).unwrap();
    assert_eq!(after["delay"]["owner"], "desk 3", "what people wrote is kept");
    assert_eq!(after["delay"]["hashes"][one.to_string()], lines["delay"]["hashes"][one.to_string()]);
    assert_eq!(after["delay"]["tags"]["gone"], unknown);
    assert_eq!((&after["Bad Name"], &after["other"]), (&lines["Bad Name"], &lines["other"]));
}

#[test]
fn what_people_register_while_the_host_runs_is_not_lost() {
    let dir = tempfile::tempdir().unwrap();
    let (one, _) = two(dir.path());
    let catalogue = open(dir.path());
    let mut lines: serde_json::Value = serde_json::from_slice(&std::fs::read(registry(dir.path())).unwrap()).unwrap();
    let byhand = source("delay", 7);
    let hash = byhand.digest();
    let file = file_of(dir.path(), "delay", hash);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, &byhand.entry().bytes).unwrap();
    lines["delay"]["hashes"][hash.to_string()] = serde_json::json!({"path": format!("delay/{}/delay.js", hash.hex())});
    lines["delay"]["tags"]["hand"] = hash.to_string().into();
    std::fs::write(registry(dir.path()), lines.to_string()).unwrap();
    add(&catalogue, "delay", 2, "v2");
    assert_eq!(catalogue.resolve("delay:hand").unwrap().hash, hash, "an upload does not write over it");
    assert_eq!((fault(&catalogue, hash), catalogue.unjudged()), ("not_loaded", vec![hash]));
    assert_eq!(fault(&catalogue, one), "none");
}

#[test]
fn one_host_writes_and_others_may_look() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let one = add(&catalogue, "delay", 1, "v1").hash;
    assert_eq!(try_open(dir.path()).err().unwrap().code(), "catalogue_locked");
    let reader = open_for(dir.path(), Access::Read).unwrap();
    assert_eq!(reader.resolve("delay").unwrap().hash, one);
    assert_eq!(add_with(&reader, "delay", 2, &options("v2")).unwrap_err().code(), "catalogue_read_only");
    assert_eq!(reader.delete("delay", nobody, &cause("")).unwrap_err().code(), "catalogue_read_only");
    drop(catalogue);
    open(dir.path());
}

#[test]
fn leftovers_are_removed_only_when_they_are_ours() {
    let dir = tempfile::tempdir().unwrap();
    two(dir.path());
    let orphan = file_of(dir.path(), "delay", source("delay", 9).digest());
    std::fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    std::fs::write(&orphan, "someone's").unwrap();
    std::fs::write(dir.path().join(".sandpit-tmp-3"), "half").unwrap();
    std::fs::write(dir.path().join("flat.js"), "// flat").unwrap();
    let catalogue = open(dir.path());
    assert!(!dir.path().join(".sandpit-tmp-3").exists());
    assert!(orphan.exists() && dir.path().join("flat.js").exists(), "what is not registered is not listed and not touched");
    assert_eq!(catalogue.list(&ListFilter::default()).total, 2);
    let added = add(&catalogue, "delay", 9, "v9");
    assert_eq!(
        catalogue.source(&added.hash).unwrap().entry().bytes,
        source("delay", 9).entry().bytes,
        "an orphan's wrong bytes do not stay"
    );
}

#[test]
fn scripts_of_the_flat_layout_are_served_untouched() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("delay.js"), source("delay", 1).entry().bytes.clone()).unwrap();
    std::fs::write(dir.path().join("Not A Name.js"), "// x").unwrap();
    let catalogue = open(dir.path());
    let summary = catalogue.summary("delay").unwrap();
    let tags: Vec<_> = summary.tags.iter().map(Tag::as_str).collect();
    assert_eq!((tags, summary.invalid, catalogue.problems().len()), (vec!["latest", "untagged"], None, 1));
    assert_eq!(catalogue.source(&summary.selected_revision_hash).unwrap().digest(), source("delay", 1).digest());
    assert_eq!(add_with(&catalogue, "delay", 2, &options("v2")).unwrap_err().code(), "catalogue_flat");
    assert_eq!(catalogue.delete("delay", nobody, &cause("")).unwrap_err().code(), "catalogue_flat");
    std::fs::write(dir.path().join("delay.js"), source("delay", 3).entry().bytes.clone()).unwrap();
    catalogue.reload().unwrap();
    assert_eq!(catalogue.resolve("delay:untagged").unwrap().hash, source("delay", 3).digest(), "an edit is seen at a refresh");
    drop(catalogue);
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "two scripts and the lock: {names:?}");
    let required = CatalogueConfig { require_registry: true };
    let clock = Arc::new(ManualClock::new(Timestamp::ZERO));
    let error = Catalogue::open(dir.path(), Access::Write, required, clock).err().unwrap();
    assert_eq!(error.code(), "registry_missing");
    std::fs::create_dir(dir.path().join("old")).unwrap();
    let error = try_open(dir.path()).err().unwrap();
    assert!(error.to_string().contains("sandpit bootstrap"), "a folder may be a registry's that is lost: {error}");
}

#[test]
fn an_edit_of_an_old_copy_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (one, _) = two(dir.path());
    let catalogue = open(dir.path());
    let copy = std::fs::read_to_string(registry(dir.path())).unwrap();
    let two = add(&catalogue, "delay", 2, "v2").hash;
    catalogue.save().unwrap();
    // Opened before the upload, saved after it: the editor does not know of `v2`.
    let edited =
        copy.replace("\"v1\": \"", "\"mine\": \"").replacen("\"delay\": {", "\"delay\": {\n    \"owner\": \"desk 3\",", 1);
    std::fs::write(registry(dir.path()), edited).unwrap();
    catalogue.reload().unwrap();
    assert_eq!(catalogue.resolve("delay:v2").unwrap().hash, two, "the upload is still there");
    assert_eq!(catalogue.resolve("delay:mine").unwrap().hash, one, "and so is the edit");
    assert_eq!(catalogue.resolve("delay:v1").unwrap_err().code(), "tag_not_found");
    let moved = &catalogue.history(&name("delay"), &tag("mine")).unwrap()[0];
    assert_eq!((moved.action, moved.cause.who.as_str()), (Action::Edit, "registry.json"), "and on record");
    catalogue.save().unwrap();
    assert!(std::fs::read_to_string(registry(dir.path())).unwrap().contains("desk 3"));

    // Without its generation the file is meant as it is.
    let value: serde_json::Value = serde_json::from_str(&copy).unwrap();
    let mut value = value.as_object().unwrap().clone();
    value.shift_remove("$generation").unwrap();
    std::fs::write(registry(dir.path()), serde_json::Value::Object(value).to_string()).unwrap();
    catalogue.reload().unwrap();
    assert_eq!(catalogue.resolve("delay:v2").unwrap_err().code(), "tag_not_found", "a backup was restored");
    assert_eq!(catalogue.resolve("delay:v1").unwrap().hash, one);
    drop(catalogue);
    let catalogue = open(dir.path());
    assert_eq!(catalogue.resolve("delay:v2").unwrap_err().code(), "tag_not_found");
    assert_eq!(catalogue.history(&name("delay"), &tag("v2")).unwrap()[0].to, None);
}

#[test]
fn a_history_that_is_damaged_is_refused_and_one_that_is_torn_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let history = dir.path().join("history.jsonl");
    two(dir.path());
    let whole = std::fs::read(&history).unwrap();
    std::fs::write(&history, [&whole, &b"{\"generation\": 3, \"at"[..]].concat()).unwrap();
    let catalogue = open(dir.path());
    assert_eq!(std::fs::read(&history).unwrap(), whole, "what was never acknowledged is gone");
    add(&catalogue, "delay", 2, "v2");
    drop(catalogue);
    let mut damaged = std::fs::read(&history).unwrap();
    damaged[5] = b'#';
    std::fs::write(&history, &damaged).unwrap();
    let error = try_open(dir.path()).err().unwrap();
    assert_eq!(error.code(), "history_invalid");
    assert!(error.to_string().contains("line 1: "), "{error}");
    std::fs::remove_file(&history).unwrap();
    let catalogue = open(dir.path());
    assert_eq!(catalogue.list(&ListFilter::default()).total, 2, "without a history the registry stands, and a new one begins");
    assert_eq!(catalogue.history(&name("delay"), &tag("v2")).unwrap()[0].action, Action::Edit);
}
