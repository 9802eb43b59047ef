//! Uploads and deletes.

use std::os::unix::fs::PermissionsExt as _;

use super::super::registry::Registry;
use super::*;
use crate::base::InstanceId;

fn moved(added: &Added) -> Vec<(&str, Option<Digest>)> {
    added.moved.iter().map(|step| (step.tag.as_str(), step.previous)).collect()
}

#[test]
fn tags_move_as_decision_5_says() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let one = add(&catalogue, "delay", 1, "v1");
    assert!(one.created);
    assert_eq!(moved(&one), [("latest", None), ("v1", None)], "the first revision becomes latest");
    let asked = AddOptions { aliases: vec![" prod ".to_owned(), "v1".to_owned(), "prod".to_owned()], ..options("v2") };
    let two = add_with(&catalogue, "delay", 2, &asked).unwrap();
    assert_eq!(moved(&two), [("prod", None), ("v2", None)], "later ones do not");
    assert_eq!(two.kept, [TagMove { tag: "v1".parse().unwrap(), previous: Some(one.hash) }], "an alias is left alone");
    let again = add_with(&catalogue, "delay", 2, &asked).unwrap();
    assert_eq!((again.created, again.moved.len(), again.kept), (false, 0, two.kept.clone()), "the same again changes nothing");

    let asked = AddOptions { reassign_tags: vec!["prod".to_owned(), "LATEST".to_owned()], ..options("v1") };
    let three = add_with(&catalogue, "delay", 3, &asked).unwrap();
    assert_eq!(moved(&three), [("latest", Some(one.hash)), ("prod", Some(two.hash)), ("v1", Some(one.hash))]);
    assert_eq!(catalogue.resolve(&format!("delay@{}", one.hash)).unwrap().hash, one.hash, "without tags it is still there");
    assert_eq!(catalogue.summary("delay").unwrap().revisions.len(), 3);
    let promoted = add_with(&catalogue, "delay", 1, &AddOptions { promote_latest: true, ..options("v9") }).unwrap();
    assert_eq!(moved(&promoted), [("latest", Some(three.hash)), ("v9", None)]);
    assert_eq!(
        catalogue.summary("delay").unwrap().selected_revision_tag.unwrap().as_str(),
        "v1",
        "the first tag of the bytes stays"
    );
}

#[test]
fn what_is_stored_is_what_was_sent_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let added = add(&catalogue, "delay", 1, "v1");
    assert_eq!(added.path, format!("delay/{}/delay.js", added.hash.hex()));
    assert_eq!(std::fs::read(dir.path().join(&added.path)).unwrap(), source("delay", 1).entry().bytes);
    let hash = added.hash;
    catalogue.save().unwrap();
    let expected = format!(
        r#"{{
  "$generation": 1,
  "delay": {{
    "hashes": {{
      "{hash}": {{
        "createdAt": "2023-11-14T22:13:20.000000000Z",
        "engine": "{}",
        "path": "{}",
        "size": 33,
        "tag": "v1",
        "world": "sandpit:strategy@1.0.0"
      }}
    }},
    "tags": {{
      "latest": "{hash}",
      "v1": "{hash}"
    }}
  }}
}}"#,
        Digest::of(b"engine"),
        added.path
    );
    assert_eq!(std::fs::read_to_string(dir.path().join("registry.json")).unwrap(), expected);
    for (path, forbidden) in
        [("registry.json", 0o137), ("history.jsonl", 0o137), (added.path.as_str(), 0o137), ("delay", 0o027), (".lock", 0o137)]
    {
        let mode = std::fs::metadata(dir.path().join(path)).unwrap().permissions().mode();
        assert_eq!(mode & forbidden, 0, "{path}: {mode:o}");
    }
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "no temporary file is left: {names:?}");
}

#[test]
fn a_revision_of_several_files_is_one_thing() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let source = several(&[("delay.js", "// delay 1"), ("lib/deep/b.js", "b"), ("a.json", "{}")]);
    let new = NewRevision { source: &source, metadata: metadata("delay", Some("v1")), engine: Digest::of(b"engine"), world: "w" };
    let added = catalogue.add(&new, &AddOptions::default(), &cause("")).unwrap();
    same(&catalogue.source(&added.hash).unwrap(), &source);
    drop(catalogue);
    let catalogue = open(dir.path());
    same(&catalogue.source(&added.hash).unwrap(), &source);
    let file = dir.path().join("delay").join(added.hash.hex()).join("lib/deep/b.js");
    std::fs::write(&file, "c").unwrap();
    assert_eq!(catalogue.source(&added.hash).unwrap_err().code(), "revision_invalid", "every file counts");
    assert!(!catalogue.add(&new, &AddOptions::default(), &cause("")).unwrap().created, "uploading it again mends it");
    same(&catalogue.source(&added.hash).unwrap(), &source);
    assert!(catalogue.revision(&added.hash).unwrap().metadata().is_ok());
    catalogue.delete("delay", nobody, &cause("")).unwrap();
    assert!(!dir.path().join("delay").exists(), "folders go as well");

    let one = ("delay.js", "// delay 1");
    for files in
        [&[one, ("Delay.js", "x")][..], &[one, ("a.js", "x"), ("A.js", "x")], &[("main.js", "// delay 1"), ("a.js", "x")]]
    {
        let source = several(files);
        let error =
            catalogue.add(&NewRevision { source: &source, ..new.clone() }, &AddOptions::default(), &cause("")).unwrap_err();
        assert_eq!(error.code(), "filename_invalid", "{error}");
    }
}

fn same(one: &Source, other: &Source) {
    assert_eq!((one.digest(), one.entry(), one.files()), (other.digest(), other.entry(), other.files()));
}

#[test]
fn uploads_that_break_a_rule_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let tag = |tag: &str| options(tag);
    let name = |name: &str| AddOptions { name: Some(name.to_owned()), ..options("v1") };
    let alias = |tag: &str| AddOptions { aliases: vec![tag.to_owned()], ..options("v1") };
    let mut cases = vec![
        (name("other"), "name_mismatch"),
        (AddOptions::default(), "tag_required"),
        (tag("latest"), "tag_reserved"),
        (tag("LaTeSt"), "tag_reserved"),
        (alias("latest"), "tag_reserved"),
        (AddOptions { reassign_tags: vec!["a b".to_owned()], ..options("v1") }, "tag_invalid"),
        (AddOptions { aliases: (0..33).map(|n| format!("t{n}")).collect(), ..options("v1") }, "too_many_tags"),
    ];
    let names = [
        "../../etc/x",
        "/abs",
        "a/b",
        "..\\x",
        ".",
        "..",
        "",
        "delay\0",
        "delay\nx",
        "de\u{202e}lay",
        "de\u{200b}lay",
        "\u{feff}delay",
    ];
    cases.extend(names.map(|bad| (name(bad), "name_invalid")));
    cases.push((name(&"a".repeat(65)), "name_invalid"));
    cases.push((name(&"ab".repeat(32)), "name_invalid"));
    let tags = ["", "a/b", "a..b/c", "a:b", "a@b", "sha256:00", "v\u{7f}1", "v1\0", "v\n1", "é"];
    cases.extend(tags.map(|bad| (tag(bad), "tag_invalid")));
    cases.push((alias(&"ab".repeat(32)), "tag_invalid"));
    cases.push((tag(&"a".repeat(129)), "tag_invalid"));
    for (asked, code) in cases {
        let error = add_with(&catalogue, "delay", 1, &asked).unwrap_err();
        assert_eq!(error.code(), code, "{asked:?}: {error}");
    }
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [".lock"], "nothing was written");
    add_with(&catalogue, "delay", 1, &name(" DELAY ")).expect("a name is trimmed and lower-cased");
}

#[test]
fn a_revision_in_use_is_not_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    let one = add(&catalogue, "delay", 1, "v1").hash;
    let two = add(&catalogue, "delay", 2, "v2").hash;
    let before = picture(&catalogue);
    let used = |hash: &Digest| if *hash == one { vec!["i1".parse::<InstanceId>().unwrap()] } else { Vec::new() };
    for selector in ["delay", "delay:v1", "delay:latest", &one.to_string()] {
        match catalogue.delete(selector, used, &cause("")).unwrap_err() {
            CatalogueError::RevisionInUse { uses } => {
                assert_eq!(uses, [RevisionUse { hash: one, instances: vec!["i1".parse().unwrap()] }]);
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(picture(&catalogue), before);
    let deleted = catalogue.delete(&format!("delay@{two}"), used, &cause("")).unwrap();
    assert_eq!(
        (deleted.hashes.as_slice(), deleted.tags.iter().map(Tag::as_str).collect::<Vec<_>>()),
        ([two].as_slice(), vec!["v2"])
    );
    assert_eq!(catalogue.resolve("delay:v2").unwrap_err().code(), "tag_not_found");
    assert!(!dir.path().join("delay").join(two.hex()).exists());

    let three = add(&catalogue, "delay", 3, "v3").hash;
    let deleted = catalogue.delete("delay:latest", nobody, &cause("")).unwrap();
    assert_eq!((deleted.hashes, deleted.tags.len()), (vec![one], 2), "a tag deletes one revision with all tags on it");
    assert_eq!(catalogue.resolve("delay").unwrap().hash, three, "without latest the smallest hash stands for the name");
    assert_eq!(catalogue.delete("delay", nobody, &cause("")).unwrap().hashes, [three]);
    assert_eq!(catalogue.delete("delay", nobody, &cause("")).unwrap_err().code(), "strategy_not_found");
    catalogue.save().unwrap();
    assert_eq!(std::fs::read(dir.path().join("registry.json")).unwrap(), b"{\n  \"$generation\": 6\n}");
    assert!(!dir.path().join("delay").exists());
}

#[test]
fn uploads_from_many_threads_are_all_there_and_readers_never_see_half() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = open(dir.path());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let catalogue = &catalogue;
            scope.spawn(move || {
                for n in 0..6 {
                    let name = format!("s{}", n % 3);
                    let asked = AddOptions { reassign_tags: vec!["prod".to_owned()], ..options(&format!("t{thread}-{n}")) };
                    let added = add_with(catalogue, &name, thread * 100 + n, &asked).unwrap();
                    assert!(added.created);
                    assert_eq!(catalogue.resolve(&format!("{name}:t{thread}-{n}")).unwrap().hash, added.hash);
                    let summary = catalogue.summary(&name).unwrap();
                    assert!(summary.tag_aliases.values().all(|hash| summary.revisions.iter().any(|one| one.hash == *hash)));
                }
            });
        }
    });
    let revisions: usize = catalogue.list(&ListFilter::default()).modules.iter().map(|module| module.revisions.len()).sum();
    assert_eq!(revisions, 48);
    let before = picture(&catalogue);
    drop(catalogue);
    assert_eq!(picture(&open(dir.path())), before, "the disk says the same");
}

#[test]
fn built_in_strategies_are_copied_once() {
    static BUILTIN: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../strategies");
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::parse(BUILTIN.get_file("registry.json").unwrap().contents()).unwrap();
    let hashes: usize = registry.strategies.0.values().map(|entry| entry.hashes.0.len()).sum();
    let catalogue = open(dir.path());
    assert_eq!(catalogue.seed(&BUILTIN).unwrap(), hashes);
    assert_eq!(catalogue.list(&ListFilter::default()).total, registry.strategies.0.len());
    assert_eq!(catalogue.unjudged().len(), hashes, "they are to be compiled");
    assert_eq!(catalogue.seed(&BUILTIN).unwrap(), 0);
    for module in catalogue.list(&ListFilter::default()).modules {
        assert!(module.revisions.iter().all(|revision| revision.size.is_some_and(|size| size > 100)), "sizes are measured");
        catalogue.delete(module.name.as_str(), nobody, &cause("")).unwrap();
    }
    drop(catalogue);
    assert_eq!(open(dir.path()).seed(&BUILTIN).unwrap(), 0, "who deleted them does not get them back");
}
