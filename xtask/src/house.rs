//! The laws of the house, as tests: who may know whom, and how large a room may be. `docs/architecture.md` gives the reasons.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::root;

/// Longest file of the host, in lines.
const FILE_LINES_MAX: usize = 450;

/// The only floors that may name wasmtime.
const WASM_FLOORS: [&str; 2] = ["sandbox", "compile"];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The floors from the ground up, as `host/src/lib.rs` lists them.
fn floors() -> Vec<String> {
    let text = fs::read_to_string(root().join("host/src/lib.rs")).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

/// Every `crate::<floor>` in a line of code, including those inside `use crate::{a, b}`.
fn floors_named(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut named = Vec::new();
    for (at, marker) in code.match_indices("crate::") {
        let after = &code[at + marker.len()..];
        if let Some(list) = after.strip_prefix('{') {
            let mut depth = 0;
            let mut start = true;
            for (at, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && !c.is_whitespace() => {
                        named.push(word(&list[at..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            named.push(word(after));
        }
    }
    named
}

#[test]
fn a_module_uses_only_what_is_listed_above_it() {
    let floors = floors();
    assert!(floors.len() > 10, "the list in lib.rs was not read: {floors:?}");
    let level = |name: &str| floors.iter().position(|floor| floor == name);
    let mut breaches = Vec::new();
    for floor in &floors {
        for file in rust_files(&root().join("host/src").join(floor)) {
            for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
                for named in floors_named(line) {
                    if level(&named) > level(floor) {
                        breaches.push(format!("{}:{}: {floor} uses {named}", file.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(breaches.is_empty(), "a floor reaches up:\n{}", breaches.join("\n"));
}

#[test]
fn wasmtime_is_named_on_its_floors_only() {
    let mut breaches = Vec::new();
    for floor in floors().iter().filter(|floor| !WASM_FLOORS.contains(&floor.as_str())) {
        for file in rust_files(&root().join("host/src").join(floor)) {
            for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if code.contains("wasmtime::") {
                    breaches.push(format!("{}:{}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "wasmtime outside {WASM_FLOORS:?}:\n{}", breaches.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_holds_and_stays_readable() {
    let mut breaches = Vec::new();
    let folders = ["host/src", "guest-sdk/engine/src", "guest-sdk/engine/build/src", "xtask/src"];
    for file in
        folders.iter().map(|folder| root().join(folder)).filter(|folder| folder.exists()).flat_map(|folder| rust_files(&folder))
    {
        let text = fs::read_to_string(&file).unwrap();
        if !text.starts_with("//!") {
            breaches.push(format!("{}: does not open with `//!`", file.display()));
        }
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            breaches.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}", file.display()));
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_checker_sees_every_form_of_use() {
    assert_eq!(floors_named("use crate::base::{Clock, Digest};"), ["base"]);
    assert_eq!(floors_named("use crate::{base::Clock, market::{Side, Symbol}, store};"), ["base", "market", "store"]);
    assert_eq!(floors_named("let x = crate::api::error(crate::base::now()); // crate::cli"), ["api", "base"]);
    assert!(floors_named("nothing here").is_empty());
}
