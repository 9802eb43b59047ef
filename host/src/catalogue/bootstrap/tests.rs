//! Directories of every older layout, put in order, and the end of the world at every step of that.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use super::*;
use crate::base::{ManualClock, Timestamp};
use crate::catalogue::{Catalogue, CatalogueConfig, Expected, ListFilter};

/// Every file below a directory with its bytes, the lock apart.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name != ".lock" {
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn put(root: &Path, path: &str, text: &str) -> Digest {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    Digest::of(text.as_bytes())
}

/// In the place of the compiler: `// name tag version note`, with `-` for what is not there; `broken` does not compile.
fn abouts(bootstrap: &Bootstrap) -> Abouts {
    let about = |source: &Source| {
        let words: Vec<&str> = source.entry().text().split_whitespace().skip(1).collect();
        let tag = |at: usize| words.get(at).and_then(|word| Tag::new(word).ok());
        if words[0] == "broken" {
            return Err("line 1: unexpected token".to_owned());
        }
        let world = Some("sandpit:strategy@1.0.0".to_owned());
        Ok(About { name: words[0].parse().unwrap(), tag: tag(1), version: tag(2), engine: Digest::of(b"engine"), world })
    };
    bootstrap.unknown().into_iter().map(|source| (source.digest(), about(source))).collect()
}

fn look(root: &Path, access: Access) -> Bootstrap {
    Bootstrap::open(root, access, Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)))).unwrap()
}

fn planned(root: &Path) -> Plan {
    let bootstrap = look(root, Access::Read);
    bootstrap.plan(&abouts(&bootstrap))
}

/// Plans and does it.
fn run(root: &Path) -> Plan {
    let bootstrap = look(root, Access::Write);
    let plan = bootstrap.plan(&abouts(&bootstrap));
    bootstrap.carry_out(&plan, || {}).unwrap();
    plan
}

/// What the catalogue makes of it: strategy, tag, hash.
fn tags(root: &Path) -> Vec<(String, String, Digest)> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)));
    let catalogue = Catalogue::open(root, Access::Read, CatalogueConfig::default(), clock).unwrap();
    assert_eq!(catalogue.problems(), []);
    let modules = catalogue.list(&ListFilter::default()).modules;
    for revision in modules.iter().flat_map(|module| &module.revisions) {
        assert_eq!(catalogue.source(&revision.hash).unwrap().digest(), revision.hash);
    }
    let tags = modules
        .iter()
        .flat_map(|module| module.tag_aliases.iter().map(|(tag, hash)| (module.name.to_string(), tag.to_string(), *hash)));
    tags.collect()
}

fn named(tags: &[(&str, &str, Digest)]) -> Vec<(String, String, Digest)> {
    tags.iter().map(|(name, tag, hash)| ((*name).to_owned(), (*tag).to_owned(), *hash)).collect()
}

/// Flat scripts and tag folders, as old gateways left them.
fn old_directory(root: &Path) -> [Digest; 4] {
    let nine = put(root, "delay/v1.9.0/delay.js", "// delay v1.0.0 -");
    let ten = put(root, "delay/v1.10.0/delay.js", "// delay - v0.0.1");
    let flat = put(root, "grid.js", "// grid - v3.1.0");
    let bare = put(root, "any name.js", "// noop - -");
    put(root, "README.md", "not ours");
    put(root, "delay/notes.txt", "not ours");
    [nine, ten, flat, bare]
}

#[test]
fn older_layouts_become_today_s() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let [nine, ten, flat, bare] = old_directory(root);
    fs::rename(root.join("any name.js"), root.join("any_name.js")).unwrap();
    let before = tree(root);
    let plan = planned(root);
    assert_eq!(tree(root), before, "a plan changes nothing");
    assert_eq!(plan.conflicts, []);
    let from: Vec<_> =
        plan.strategies.iter().flat_map(|strategy| &strategy.revisions).map(|one| (one.hash, one.tag_from)).collect();
    let expected = [(nine, TagFrom::Folder), (ten, TagFrom::Folder), (flat, TagFrom::MetadataVersion), (bare, TagFrom::Default)];
    for (hash, tag_from) in expected {
        assert!(from.contains(&(hash, Some(tag_from))), "{plan:#?}");
    }
    assert_eq!((plan.copies(), plan.originals(), plan.writes_registry), (4, 4, true));

    run(root);
    let expected = [
        ("delay", "latest", ten),
        ("delay", "v1.10.0", ten),
        ("delay", "v1.9.0", nine),
        ("grid", "latest", flat),
        ("grid", "v3.1.0", flat),
        ("noop", "latest", bare),
        ("noop", "v1.0.0", bare),
    ];
    assert_eq!(tags(root), named(&expected));
    let after = tree(root);
    let names: Vec<&str> = after.keys().map(String::as_str).collect();
    let places = [("delay", nine), ("delay", ten), ("grid", flat), ("noop", bare)];
    let mut expected: Vec<String> = places.iter().map(|(name, hash)| format!("{name}/{}/{name}.js", hash.hex())).collect();
    expected.extend(["README.md", "delay/notes.txt", "registry.json"].map(str::to_owned));
    expected.sort();
    assert_eq!(names, expected);
    assert!(!root.join("delay/v1.9.0").exists(), "folders that became empty are gone");

    assert!(planned(root).is_done());
    assert!(run(root).is_done());
    assert_eq!(tree(root), after, "a second run changes nothing");
}

#[test]
fn what_cannot_be_decided_is_listed_and_left() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(root, "one.js", "// delay v1 - one");
    put(root, "two.js", "// delay v1 - two");
    put(root, "bad.js", "// broken");
    put(root, "empty.js", " ");
    put(root, "grid/latest/grid.js", "// grid v1");
    put(root, "other/v1/other.js", "// grid v1 -");
    put(root, "noop/no tag/noop.js", "// noop");
    put(root, &format!("noop/{}/noop.js", Digest::of(b"x").hex()), "// noop changed");
    let fine = put(root, "noop/v1/noop.js", "// noop v1");
    let before = tree(root);
    let plan = run(root);
    let listed: Vec<(String, &str)> =
        plan.conflicts.iter().map(|conflict| (conflict.paths.join(" "), conflict.reason.as_str())).collect();
    let wanted = [
        ("bad.js", "does not compile: line 1"),
        ("empty.js", "empty"),
        ("grid/latest/grid.js", "a pointer and no version"),
        ("noop/no tag/noop.js", "tag"),
        ("other/v1/other.js", "folder of `other`, but metadata.name is `grid`"),
        ("one.js two.js", "would all be delay:v1"),
    ];
    for (paths, reason) in wanted {
        assert!(listed.iter().any(|(path, said)| path == paths && said.contains(reason)), "{paths} {reason}: {listed:#?}");
    }
    let hashed = format!("noop/{}/noop.js", Digest::of(b"x").hex());
    assert!(listed.iter().any(|(path, said)| *path == hashed && said.contains("not what its folder is called")), "{listed:#?}");
    assert_eq!(listed.len(), 7, "{listed:#?}");
    assert_eq!(tags(root), named(&[("noop", "latest", fine), ("noop", "v1", fine)]));
    let after = tree(root);
    for (path, bytes) in before.iter().filter(|(path, _)| *path != "noop/v1/noop.js") {
        assert_eq!(after.get(path), Some(bytes), "{path} is left as it is");
    }
    assert!(run(root).is_done(), "the same conflicts, and nothing to do");
}

#[test]
fn a_registry_keeps_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let one = put(root, "one.js", "// delay v1 -");
    run(root);
    // Newer than what `latest` points to, the same tag with other bytes, and the registered bytes once more.
    let two = put(root, "delay/v2/delay.js", "// delay v1 - second");
    put(root, "clash.js", "// delay v1 - third");
    put(root, "again.js", "// delay v1 -");
    let plan = run(root);
    assert_eq!(plan.conflicts.len(), 1, "{:#?}", plan.conflicts);
    assert_eq!(plan.conflicts[0].paths, ["clash.js"]);
    assert!(plan.conflicts[0].reason.contains(&format!("delay:v1 is {one} already")), "{:#?}", plan.conflicts);
    assert_eq!(tags(root), named(&[("delay", "latest", one), ("delay", "v1", one), ("delay", "v2", two)]));
    assert!(!root.join("again.js").exists() && root.join("clash.js").exists());
    assert_eq!(plan.strategies[0].latest_from, Some(LatestFrom::Registry));

    // A registry without `latest` stays without it.
    let text = fs::read_to_string(root.join("registry.json")).unwrap();
    let without = text.lines().filter(|line| !line.contains("latest")).collect::<Vec<_>>().join("\n");
    fs::write(root.join("registry.json"), &without).unwrap();
    assert!(run(root).is_done());
    assert_eq!(fs::read_to_string(root.join("registry.json")).unwrap(), without);
}

#[test]
fn registries_of_older_layouts_are_hints() {
    let new_form = |one: &Digest, two: &Digest| {
        let line = |tag: &str| serde_json::json!({ "tag": tag, "path": format!("delay/{tag}/delay.js") });
        let hashes = [(one.to_string(), line("v1")), (two.to_string(), line("v2"))];
        let hashes: serde_json::Map<String, serde_json::Value> = hashes.into_iter().collect();
        serde_json::json!({ "delay": { "tags": { "latest": one, "v1": one, "v2": two, "prod": two }, "hashes": hashes } })
    };
    let of_the_plan = |one: &Digest, two: &Digest| {
        serde_json::json!({ "delay": {
            "tags": { "latest": "v1", "v2": two, "prod": "v2" },
            "hashes": { one.to_string(): "v1", &two.hex()[..12]: "v2" },
        } })
    };
    type Form = fn(&Digest, &Digest) -> serde_json::Value;
    let forms: [Form; 2] = [new_form, of_the_plan];
    for form in forms {
        for flat in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path();
            let places = if flat { ["a.js", "b.js"] } else { ["delay/v1/delay.js", "delay/v2/delay.js"] };
            let one = put(root, places[0], "// delay - - one");
            let two = put(root, places[1], "// delay - - two");
            let text = form(&one, &two).to_string();
            fs::write(root.join("registry.json"), &text).unwrap();
            let plan = run(root);
            assert_eq!(plan.conflicts, [], "{text}");
            let expected = [("delay", "latest", one), ("delay", "prod", two), ("delay", "v1", one), ("delay", "v2", two)];
            assert_eq!(tags(root), named(&expected), "{text}");
            assert_eq!(plan.strategies[0].latest_from, Some(LatestFrom::OldRegistry));
            assert_eq!(fs::read_to_string(root.join("registry.json.old")).unwrap(), text, "what was said is kept");
            assert!(run(root).is_done());
        }
    }
}

#[test]
fn what_an_old_registry_says_of_lost_files_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let one = put(root, "delay.js", "// delay v1");
    let gone = Digest::of(b"gone");
    let old = serde_json::json!({ "delay": { "tags": { "latest": "v9", "prod": "v9" }, "hashes": { gone.to_string(): "v9" } } });
    fs::write(root.join("registry.json"), old.to_string()).unwrap();
    let plan = run(root);
    let reasons: Vec<&str> = plan.conflicts.iter().map(|conflict| conflict.reason.as_str()).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains(&gone.to_string()) && reasons[1].contains("`prod` points to `v9`"), "{reasons:?}");
    assert_eq!(tags(root), named(&[("delay", "latest", one), ("delay", "v1", one)]));
}

#[test]
fn a_lost_registry_is_made_again_from_the_hash_folders() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let one = put(root, "one.js", "// delay v1 -");
    run(root);
    let files = [("multi.js", "// multi v1"), ("lib/a.js", "a")];
    let file = |(path, text): (&str, &str)| crate::compile::SourceFile { path: path.to_owned(), bytes: text.into() };
    let several = Source::several("multi.js", files.map(file).to_vec()).unwrap().digest();
    for (path, text) in files {
        put(root, &format!("multi/{}/{path}", several.hex()), text);
    }
    fs::remove_file(root.join("registry.json")).unwrap();
    let plan = run(root);
    assert_eq!((plan.conflicts.as_slice(), plan.copies(), plan.originals()), ([].as_slice(), 0, 0));
    let expected = [("delay", "latest", one), ("delay", "v1", one), ("multi", "latest", several), ("multi", "v1", several)];
    assert_eq!(tags(root), named(&expected));
    assert!(run(root).is_done());
}

#[test]
fn what_the_history_has_and_the_registry_lacks_is_kept() {
    for lost in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let one = put(root, "one.js", "// delay v1 -");
        run(root);
        // The host dies before it has written what it has promised: the registry is as old as its generation says.
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)));
        let catalogue = Catalogue::open(root, Access::Write, CatalogueConfig::default(), clock.clone()).unwrap();
        catalogue.save().unwrap();
        let stale = fs::read(root.join("registry.json")).unwrap();
        let cause = crate::catalogue::Cause::host("a test");
        let assigned =
            catalogue.assign(&"delay".parse().unwrap(), &Tag::new("prod").unwrap(), &one, Expected::Anything, &cause).unwrap();
        assert!(assigned.generation.is_some());
        drop(catalogue);
        if lost { fs::remove_file(root.join("registry.json")) } else { fs::write(root.join("registry.json"), stale) }.unwrap();

        let two = put(root, "two.js", "// delay v2 -");
        let plan = run(root);
        assert_eq!(plan.conflicts, []);
        let expected = [("delay", "latest", one), ("delay", "prod", one), ("delay", "v1", one), ("delay", "v2", two)];
        assert_eq!(tags(root), named(&expected), "registry lost: {lost}");
        let catalogue = Catalogue::open(root, Access::Write, CatalogueConfig::default(), clock).unwrap();
        let moves = catalogue.history(&"delay".parse().unwrap(), &Tag::new("v2").unwrap()).unwrap();
        assert_eq!((moves.len(), moves[0].to), (1, Some(two)), "the next host takes it into the history");
        let before = assigned.generation.unwrap();
        assert!(moves[0].generation > before, "{} is after {before}", moves[0].generation);
    }
}

#[test]
fn a_registry_that_nobody_understands_and_a_running_host_stop_it() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(root, "one.js", "// delay v1 -");
    let clock = || Arc::new(ManualClock::new(Timestamp::from_millis(0)));
    fs::write(root.join("registry.json"), "{ torn").unwrap();
    let before = tree(root);
    let refused = Bootstrap::open(root, Access::Write, clock()).err().unwrap();
    assert_eq!(refused.code(), "registry_invalid");
    assert_eq!(tree(root), before);
    fs::remove_file(root.join("registry.json")).unwrap();

    let held = look(root, Access::Write);
    assert_eq!(Bootstrap::open(root, Access::Write, clock()).err().unwrap().code(), "catalogue_locked");
    let dry = look(root, Access::Read);
    let plan = dry.plan(&abouts(&dry));
    assert_eq!(dry.carry_out(&plan, || {}).unwrap_err().code(), "catalogue_read_only");
    drop(held);
    run(root);
}

#[test]
fn dying_at_any_step_loses_nothing_and_the_next_run_completes_it() {
    let whole = tempfile::tempdir().unwrap();
    let digests = old_directory(whole.path());
    fs::remove_file(whole.path().join("any name.js")).unwrap();
    fs::write(
        whole.path().join("registry.json"),
        r#"{"grid": {"hashes": {}, "tags": {"stable": "v3.1.0"}}, "x": {"hashes": {"old": "v1"}}}"#,
    )
    .unwrap();
    let before = tree(whole.path());
    run(whole.path());
    let after = tree(whole.path());
    let mut points = 0;
    for at in 0.. {
        let dir = tempfile::tempdir().unwrap();
        for (path, bytes) in &before {
            put(dir.path(), path, std::str::from_utf8(bytes).unwrap());
        }
        let bootstrap = look(dir.path(), Access::Write);
        let plan = bootstrap.plan(&abouts(&bootstrap));
        bootstrap.disk.faults.arm(at, true);
        let done = bootstrap.carry_out(&plan, || {});
        let died = bootstrap.disk.faults.disarm().len() > at;
        drop(bootstrap);
        let left = tree(dir.path());
        for digest in &digests[..3] {
            assert!(left.values().any(|bytes| Digest::of(bytes) == *digest), "step {at}: {digest} is lost");
        }
        run(dir.path());
        assert_eq!(tree(dir.path()), after, "died at step {at}");
        assert!(planned(dir.path()).is_done());
        if !died {
            done.unwrap();
            break;
        }
        points += 1;
    }
    println!("died at {points} steps");
    assert!(points > 40, "{points}");
}
