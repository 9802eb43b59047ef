//! The types of the npm package, made of `wit/`: what `guest-sdk/npm/src/generated` holds follows from the contract, and from
//! `table.txt`, which says what JavaScript really sees of it. Written by `cargo xtask bless`; a test fails when it is stale, and
//! another when a type, field, case or function of the contract has no line in the table. Knows nothing of the engine: that what
//! the table says is true is asked of the real component, by `tests/it/sdk.rs`.

mod codes;
mod contract;
mod render;
mod table;

use std::fs;

use crate::process::root;
use contract::Contract;
use table::Table;

const FOLDER: &str = "guest-sdk/npm/src/generated";

/// The files of the folder, with their text.
fn files() -> Vec<(String, String)> {
    let contract = Contract::read(&root().join("wit"));
    let table = Table::parse(include_str!("table.txt"));
    let mut files = render::types(&table, &contract);
    files.push(("codes.d.ts".to_owned(), codes::types(&table, &contract)));
    files.push(("limits.d.ts".to_owned(), codes::limits()));
    files.push(("contract.js".to_owned(), render::names(&table)));
    files
}

#[test]
fn golden_types_of_the_npm_package() {
    let folder = root().join(FOLDER);
    let made = files();
    if std::env::var_os("SANDPIT_BLESS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &made {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    for (name, text) in &made {
        let found = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(found == *text, "{FOLDER}/{name} is stale: run `cargo xtask bless` and read the difference");
    }
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), made.len() + 1, "only generated files and contract.d.ts lie in {FOLDER}: {names:?}");
}

#[test]
fn every_part_of_the_contract_has_a_place_in_the_table() {
    let contract = Contract::read(&root().join("wit"));
    let table = Table::parse(include_str!("table.txt"));
    let problems = table.differences(&contract);
    assert!(problems.is_empty(), "xtask/src/sdk/table.txt does not fit wit/:\n{}", problems.join("\n"));
}

#[test]
fn what_the_contract_has_and_the_table_has_not_is_named() {
    let contract = Contract::read(&root().join("wit"));
    let whole = include_str!("table.txt");
    // The table without the line that begins like this.
    let without = |line: &str| {
        let kept: Vec<&str> = whole.lines().filter(|known| !known.starts_with(line)).collect();
        assert_eq!(kept.len() + 1, whole.lines().count(), "{line:?} begins no line of the table, or more than one");
        Table::parse(&kept.join("\n")).differences(&contract)
    };
    assert_eq!(without("  trade-id "), ["events.trade: the field `trade-id` has no line"]);
    assert_eq!(without("  sell "), ["types.side: the case `sell` has no line"]);
    assert_eq!(without("  on-stop "), ["types.handlers: the flag `on-stop` has no line"]);
    assert_eq!(without("  ticker "), ["events.event: the case `ticker` has no line"]);
    assert_eq!(without("hidden types.feed "), ["types.feed has no line"]);
    assert_eq!(without("hidden strategy.stop "), ["strategy.stop has no line"]);
    let other = Table::parse(&whole.replace("  wit seed -> option<string>", "  wit seed -> string")).differences(&contract);
    assert_eq!(
        other,
        ["market-data.select-provider: wit/ says `seed -> option<string>`, the table `seed -> string`"],
        "a signature that has changed is looked at again"
    );
    let kind =
        Table::parse(&whole.replace("  time      timestamp  Timestamp", "  time      timestamp  boolean")).differences(&contract);
    assert_eq!(kind, ["events.trade.time: `u64` of wit/ cannot be `boolean` in JavaScript"]);
}
