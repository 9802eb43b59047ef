//! The package itself: its tests, its types, and what would be published.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use super::node::{VERSIONS, installed, run};
use super::{contract, observed, package};

#[test]
#[ignore = "needs node and npm: `cargo xtask test` runs it where they are"]
fn its_own_tests_pass_on_every_node_that_it_promises() {
    let folder = installed();
    let manifest: Value = serde_json::from_str(&fs::read_to_string(folder.join("package.json")).unwrap()).unwrap();
    assert_eq!(manifest["engines"]["node"], format!(">={}", VERSIONS[0]));
    for version in VERSIONS {
        let said = run(version, &folder, &["node", "--version"]).well();
        assert!(said.starts_with(&format!("v{version}.")), "{said}");
        let said = run(version, &folder, &["npm", "test"]).well();
        let passed = said.lines().find_map(|line| line.strip_prefix("# pass ").or(line.strip_prefix("ℹ pass ")));
        assert!(passed.unwrap().parse::<u32>().unwrap() > 30, "{said}");
        assert!(said.lines().any(|line| ["# skipped 0", "ℹ skipped 0"].contains(&line)), "{said}");
    }
}

#[test]
#[ignore = "needs node and npm: `cargo xtask test` runs it where they are"]
fn its_types_take_what_they_must_and_refuse_what_they_must() {
    let folder = installed();
    for project in ["test/types", "test/types/tsconfig.harness.json"] {
        run(VERSIONS[0], &folder, &["npx", "tsc", "-p", project]).well();
    }
}

/// The JavaScript of metadata or of a field: one without a default has `default: undefined`.
fn with_defaults(declared: &Value) -> String {
    const NONE: &str = "no default";
    let mut declared = declared.clone();
    let complete = |field: &mut Value| {
        field.as_object_mut().unwrap().entry("default").or_insert_with(|| NONE.into());
    };
    match declared.get_mut("config").and_then(Value::as_array_mut) {
        Some(fields) => fields.iter_mut().for_each(complete),
        None => complete(&mut declared),
    }
    declared.to_string().replace(&format!("\"{NONE}\""), "undefined")
}

/// TypeScript itself holds the values that JavaScript really gets against the types: names, kinds, nulls.
#[test]
#[ignore = "needs node and npm: `cargo xtask test` runs it where they are"]
fn what_javascript_gets_has_the_types_of_the_package() {
    let folder = installed();
    let observed = observed();
    let contract = contract();
    let mut program = "import type * as sdk from \"@sandpit/sdk\";\n\
         type Same<A, B> = [keyof A, keyof B] extends [keyof B, keyof A] ? true : \"the names differ\";\n\
         const same = (_: true): void => {};\n"
        .to_owned();
    let mut count = 0;
    let mut check = |ts: &str, value: &Value| {
        // `default: undefined` has no JSON form.
        let declared = ts == "DeclaredMetadata" || ts == "DeclaredField";
        let same = if declared { "true".to_owned() } else { format!("null! as Same<typeof v{count}, sdk.{ts}>") };
        let value = if declared { with_defaults(value) } else { value.to_string() };
        writeln!(program, "const v{count} = {value} satisfies sdk.{ts};\nsame({same});").unwrap();
        count += 1;
    };
    for shape in contract["shapes"].as_object().unwrap().keys() {
        observed.get(shape).into_iter().flatten().for_each(|value| check(shape, value));
    }
    for (event, shape) in
        contract["events"].as_object().unwrap().iter().filter(|(event, shape)| *event != shape.as_str().unwrap())
    {
        observed.get(event).into_iter().flatten().for_each(|value| check(shape.as_str().unwrap(), value));
    }
    assert!(count > 18, "{count}");
    let path = folder.join("test/types/observed.ts");
    fs::write(&path, program).unwrap();
    let config = folder.join("test/types/tsconfig.observed.json");
    fs::write(&config, r#"{ "extends": "./tsconfig.json", "include": ["observed.ts"] }"#).unwrap();
    let said = run(VERSIONS[0], &folder, &["npx", "tsc", "-p", "test/types/tsconfig.observed.json"]);
    assert!(said.ok, "{}\n{}", said.text, fs::read_to_string(&path).unwrap());
    fs::remove_file(path).unwrap();
    fs::remove_file(config).unwrap();
}

#[test]
#[ignore = "needs node and npm: `cargo xtask test` runs it where they are"]
fn npm_would_publish_the_files_that_sandpit_new_brings_along() {
    let folder = package();
    let said = run(VERSIONS[0], &folder, &["npm", "pack", "--dry-run", "--json", "--loglevel", "error"]).well();
    let packed: Value = serde_json::from_str(&said).unwrap();
    let mut files: Vec<&str> = packed[0]["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    files.sort_unstable();
    let listed = fs::read_to_string(folder.join("test/files.txt")).unwrap();
    assert_eq!(files, listed.lines().collect::<Vec<_>>());
    assert_eq!(packed[0]["name"], "@sandpit/sdk");
}
