//! `sandpit bootstrap`, as an operator runs it: old directories, the real compiler, and a host that takes over what came out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use sandpit::base::Digest;
use serde_json::{Value, json};

use crate::support::process::{Host, binary};

/// What a command said.
struct Said {
    code: i32,
    text: String,
    errors: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {}", self.text, self.errors))
    }
}

fn bootstrap(root: &Path, more: &[&str]) -> Said {
    let output = Command::new(binary()).arg("bootstrap").arg("--root").arg(root).args(more).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code().unwrap(), text: text(&output.stdout), errors: text(&output.stderr) }
}

fn strategy(name: &str, version: &str, note: &str) -> String {
    format!(
        "// {note}\nmodule.exports = {{\n  metadata: {{ name: '{name}', {version} displayName: 'Old', events: ['Trade'] }},\n  \
         create: () => ({{}}),\n}};\n"
    )
}

fn put(root: &Path, path: &str, text: &str) -> String {
    fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
    fs::write(root.join(path), text).unwrap();
    Digest::of(text.as_bytes()).to_string()
}

fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[tokio::test]
async fn an_old_directory_is_planned_written_and_served() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("strategies");
    let flat = put(&root, "momentum.js", &strategy("momentum", "version: 'v2.3.4',", "flat"));
    let bare = put(&root, "noop.js", &strategy("noop", "", "without any tag"));
    let nine = put(&root, "delay/v1.9.0/delay.js", &strategy("delay", "tag: 'v1.9.0',", "nine"));
    let ten = put(&root, "delay/v1.10.0/delay.js", &strategy("delay", "", "ten"));
    let before = tree(&root);

    let dry = bootstrap(&root, &[]);
    assert_eq!((dry.code, dry.errors.as_str()), (0, ""), "{}", dry.text);
    let shown = root.display();
    for words in [
        &format!("registry.json would be generated for 3 strategies under {shown}"),
        "filesystem left untouched (pass --write to reorganize)",
        "v1.10.0 comes after v1.9.0",
        "metadata.version",
        "nowhere: the default",
    ] {
        assert!(dry.text.contains(words), "`{words}` is missing in\n{}", dry.text);
    }
    assert_eq!(tree(&root), before);

    let usage = dir.path().join("usage.json");
    fs::write(
        &usage,
        json!({ "registry": {}, "usage": [{ "strategy": "delay", "hash": ten, "count": 1, "instances": ["i1"] }] }).to_string(),
    )
    .unwrap();
    let written = bootstrap(&root, &["--write", "--usage", usage.to_str().unwrap()]);
    assert_eq!(written.code, 0, "{}", written.text);
    assert!(written.text.contains(&format!("registry.json generated for 3 strategies under {shown}")), "{}", written.text);
    assert!(written.text.contains("usage report: revisions with zero running instances:"), "{}", written.text);
    for line in
        [format!("  - delay v1.9.0 [{nine}]"), format!("  - momentum v2.3.4 [{flat}]"), format!("  - noop v1.0.0 [{bare}]")]
    {
        assert!(written.text.contains(&line), "`{line}` is missing in\n{}", written.text);
    }
    assert!(!written.text.contains(&format!("[{ten}]")), "{}", written.text);
    let after = tree(&root);
    let again = bootstrap(&root, &["--write", "--format", "json"]);
    assert_eq!((again.code, &again.json()["copies"], &again.json()["writesRegistry"]), (0, &json!(0), &json!(false)));
    assert_eq!(tree(&root), after, "twice is the same as once");
    let all: Vec<Value> = [&flat, &bare, &nine, &ten].iter().map(|hash| json!({ "hash": hash, "count": 1 })).collect();
    fs::write(&usage, Value::from(all).to_string()).unwrap();
    assert!(bootstrap(&root, &["--usage", usage.to_str().unwrap()]).text.contains("no unused revisions detected"));

    let host = Host::start(dir.path(), "").await;
    let locked = bootstrap(&root, &["--write"]);
    assert!(locked.code == 2 && locked.errors.contains("another sandpit uses this strategies directory"), "{}", locked.errors);
    let module = host.client.get("/strategies/modules/delay").await.expect(200);
    assert_eq!(module["tagAliases"], json!({ "latest": ten, "v1.10.0": ten, "v1.9.0": nine }));
    for (name, hash) in [("momentum:v2.3.4", &flat), ("noop:v1.0.0", &bare), ("delay:v1.9.0", &nine)] {
        let module = host.client.get(&format!("/strategies/modules/{name}")).await.expect(200);
        assert_eq!(module["selectedRevisionHash"], **hash, "{name}");
    }
}

#[test]
fn what_cannot_be_decided_is_listed_with_exit_code_1() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(root, "one.js", &strategy("twins", "tag: 'v1',", "one"));
    put(root, "two.js", &strategy("twins", "tag: 'v1',", "two"));
    put(root, "broken.js", "module.exports = {");
    put(root, "fine.js", &strategy("fine", "tag: 'v1',", "fine"));
    let said = bootstrap(root, &["--write", "--format", "json"]);
    let answer = said.json();
    assert_eq!(said.code, 1, "{answer:#}");
    let paths: Vec<&Value> = answer["conflicts"].as_array().unwrap().iter().map(|conflict| &conflict["paths"]).collect();
    assert_eq!(paths, [&json!(["broken.js"]), &json!(["one.js", "two.js"])]);
    assert_eq!(answer["strategies"][0]["name"], "fine");
    let mut left: Vec<String> = tree(root).into_keys().filter(|path| !path.contains('/')).collect();
    left.retain(|path| path != ".lock");
    assert_eq!(left, ["broken.js", "one.js", "registry.json", "two.js"]);
    assert!(bootstrap(root, &[]).text.contains("2 conflicts left where they are"));

    for wrong in [&["--usage", "/no/such/file"][..], &["--usage", "one.js"]] {
        assert_eq!(bootstrap(root, wrong).code, 2, "{wrong:?}");
    }
    let nowhere = bootstrap(&root.join("nowhere"), &["--write"]);
    assert!(nowhere.code == 2 && nowhere.errors.contains("there is no such directory"), "{}", nowhere.errors);
    assert!(!root.join("nowhere").exists());
}
