//! `docs/config.md`, written from the defaults of the code: every key, what it is unless set, and its name in the environment.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::Config;

const HEAD: &str = "\
# Configuration

Written by `cargo xtask bless` from the defaults in the code; a test fails when it is stale.

`sandpit serve` reads defaults < a TOML file (`--config`) < the environment < flags. A key that nobody knows is an error. What a key means, its unit and
the reason of its default stand at the field of that name in the floor that owns the section.

```toml
[sandbox.limits]
fuelPerEvent = 20000000
[instances]
stopGraceMs = 1000
```

| key | default | in the environment |
|---|---|---|
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let defaults = serde_json::to_value(Config::default()).unwrap();
    rows(&mut page, "", &defaults);
    page
}

fn rows(page: &mut String, key: &str, value: &Value) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                rows(page, &key, value);
            }
        }
        Value::Null => writeln!(page, "| `{key}` | not set | `{}` |", variable(key)).unwrap(),
        value => writeln!(page, "| `{key}` | `{value}` | `{}` |", variable(key)).unwrap(),
    }
}

/// `instances.stopGraceMs` is `SANDPIT_INSTANCES__STOP_GRACE_MS`.
fn variable(key: &str) -> String {
    let mut variable = String::from("SANDPIT_");
    for letter in key.chars() {
        match letter {
            '.' => variable.push_str("__"),
            letter if letter.is_ascii_uppercase() => {
                variable.push('_');
                variable.push(letter);
            }
            letter => variable.push(letter.to_ascii_uppercase()),
        }
    }
    variable
}

#[test]
fn golden_config_page_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/config.md");
    if std::env::var_os("SANDPIT_BLESS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, page(), "docs/config.md is stale: run `cargo xtask bless` and read the diff");
}

#[test]
fn the_page_s_example_is_a_configuration() {
    let example = HEAD.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), example).unwrap();
    let flags = super::Flags { file: Some(file.path().to_path_buf()), ..super::Flags::default() };
    assert_eq!(super::load(&flags).unwrap().instances.stop_grace_ms, 1000);
}
