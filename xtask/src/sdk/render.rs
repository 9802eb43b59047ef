//! Writes the `.d.ts` files and the list of names: declarations only, in the order of the table.

use std::fmt::Write as _;

use super::contract::Contract;
use super::table::{Entry, Kind, Row, Table};

/// How every generated file begins.
pub(super) const HEAD: &str = "\
// Written by `cargo xtask bless` from wit/ and xtask/src/sdk/table.txt; a test fails when it is stale.
";

/// Longest line of a comment.
const WIDTH: usize = 118;

/// What each file takes from the others.
const IMPORTS: [(&str, &str); 3] = [
    ("events", "import type { Decimal, Json, Timestamp } from \"../values.js\";\n"),
    (
        "runtime",
        "import type { Decimal, DecimalInput, Duration, Json, Name, SideInput } from \"../values.js\";\n\
         import type { ErrorCode } from \"./codes.js\";\n\
         import type { OrderType, Side } from \"./events.js\";\n",
    ),
    ("module", "import type { Json } from \"../values.js\";\nimport type { EventName } from \"./events.js\";\n"),
];

/// The `.d.ts` files of the table.
pub(super) fn types(table: &Table, contract: &Contract) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (file, imports) in IMPORTS {
        let mut text = format!("{HEAD}{imports}");
        let entries: Vec<_> = table.entries.iter().filter(|entry| entry.file == file).collect();
        for entry in entries.iter().filter(|entry| entry.kind != Kind::Func) {
            declaration(&mut text, entry, contract);
        }
        for owner in ["Runtime", "Helpers"] {
            let functions: Vec<_> = entries.iter().filter(|entry| entry.kind == Kind::Func && entry.ts == owner).collect();
            if !functions.is_empty() {
                write!(text, "\n{}export interface {owner} {{", comment("", owner_doc(owner))).unwrap();
                for (place, function) in functions.into_iter().enumerate() {
                    text.push_str(if place == 0 { "\n" } else { "\n\n" });
                    text.push_str(methods(function, contract, "  readonly ", ": ").trim_end());
                }
                text.push_str("\n}\n");
            }
        }
        if file == "module" {
            field_types(&mut text, contract);
        }
        files.push((format!("{file}.d.ts"), text));
    }
    files.push(("globals.d.ts".to_owned(), globals(table, contract)));
    files
}

fn owner_doc(owner: &str) -> &'static str {
    match owner {
        "Runtime" => {
            "`env.runtime`: the market, orders, positions. It answers from the events that were delivered to this instance. Provider and \
             symbol mean the instance's first where they are left out; only `openOrders` means all then. The functions need no `this`."
        }
        _ => "`env.helpers`: logging, waiting, remembering. The functions need no `this`.",
    }
}

/// The functions that are globals of a strategy.
fn globals(table: &Table, contract: &Contract) -> String {
    let mut text = HEAD.to_owned();
    for entry in table.entries.iter().filter(|entry| entry.kind == Kind::Func && entry.ts == "Globals") {
        write!(text, "\n{}", methods(entry, contract, "declare function ", "")).unwrap();
    }
    text
}

/// One declaration per `js` line of a function: as a property that holds it, or as a function.
fn methods(entry: &Entry, contract: &Contract, before: &str, colon: &str) -> String {
    let cost =
        contract.cost(entry.key("cost").unwrap_or(&entry.wit)).unwrap_or_else(|| panic!("wit/ tells no cost of {}", entry.wit));
    let doc = format!("{} Cost: {cost}.", entry.key("doc").expect("a function is described"));
    let told = &contract.items[&entry.wit].docs;
    for limit in told.split('`').filter(|word| word.starts_with("limits.")) {
        assert!(doc.contains(limit), "{}: wit/ names {limit}, the table does not", entry.wit);
    }
    let indent: String = before.chars().take_while(|letter| *letter == ' ').collect();
    let mut text = String::new();
    for row in entry.rows.iter().filter(|row| row.wit == "js") {
        let at = row.rest.find(['(', '<']).expect("a function has parameters");
        let (name, signature) = row.rest.split_at(at);
        text.push_str(&comment(&indent, &doc));
        if colon.is_empty() {
            writeln!(text, "{before}{name}{signature};").unwrap();
        } else {
            let (parameters, result) = signature.rsplit_once("): ").expect("a function has a result");
            writeln!(text, "{before}{name}{colon}{parameters}) => {result};").unwrap();
        }
    }
    text
}

fn declaration(text: &mut String, entry: &Entry, contract: &Contract) {
    let doc = entry.doc().or_else(|| contract.items.get(&entry.wit).map(|item| item.docs.as_str())).unwrap_or_default();
    write!(text, "\n{}", comment("", doc)).unwrap();
    match entry.kind {
        Kind::Enum => {
            let words: Vec<_> = entry.seen().map(|row| row.js.as_str()).collect();
            writeln!(text, "export type {} = {};", entry.ts, words.join(" | ")).unwrap();
        }
        Kind::Record | Kind::Only => {
            writeln!(text, "export interface {} {{", entry.ts).unwrap();
            for row in entry.seen() {
                text.push_str(&comment("  ", field_doc(entry, row, contract)));
                match row.rest.strip_prefix("optional ") {
                    Some(ty) => writeln!(text, "  readonly {}?: {ty} | null | undefined;", row.js).unwrap(),
                    None => writeln!(text, "  readonly {}: {};", row.js, row.rest).unwrap(),
                }
            }
            text.push_str("}\n");
        }
        Kind::Variant => variant(text, entry),
        Kind::Flags => handlers(text, entry),
        Kind::Func => {}
    }
}

fn field_doc<'a>(entry: &Entry, row: &'a Row, contract: &'a Contract) -> &'a str {
    if row.doc.is_empty() {
        contract.field(&entry.wit, &row.wit).map(|field| field.docs.as_str()).unwrap_or_default()
    } else {
        &row.doc
    }
}

fn variant(text: &mut String, entry: &Entry) {
    writeln!(text, "export interface {} {{", entry.ts).unwrap();
    for row in entry.seen() {
        writeln!(text, "  readonly {}: {};", row.js, row.rest).unwrap();
    }
    writeln!(text, "}}\n\n/** The names of the events, as `metadata.events` spells them. */").unwrap();
    writeln!(text, "export type EventName = keyof {};\n", entry.ts).unwrap();
    text.push_str(
        "/** What a handler gets as its second argument. */\nexport type Event<Type extends EventName = EventName> = {\n",
    );
    text.push_str(
        "  [Known in Type]: Envelope & {\n    readonly type: Known;\n    /** The same object as the third argument. */\n",
    );
    writeln!(text, "    readonly payload: {}[Known];\n  }};\n}}[Type];", entry.ts).unwrap();
}

fn handlers(text: &mut String, entry: &Entry) {
    text.push_str("export interface HandlerEvents {\n");
    for row in entry.seen().filter(|row| !row.rest.starts_with('-')) {
        let event = row.rest.split_whitespace().next().unwrap_or_default();
        writeln!(text, "  readonly {}: \"{event}\";", row.js).unwrap();
    }
    text.push_str("}\n\n/** The handlers that a strategy may have. One that is missing is never called. */\nexport interface AllHandlers {\n");
    for row in entry.seen() {
        text.push_str(&comment("  ", &row.doc));
        let (event, more) = row.rest.split_once(' ').unwrap_or((&row.rest, ""));
        let more = if more.is_empty() { String::new() } else { format!(", {}", more.trim()) };
        if event == "-" {
            writeln!(text, "  readonly {}: (ctx: HandlerContext) => unknown;", row.js).unwrap();
        } else {
            let arguments = format!("ctx: HandlerContext, evt: Event<\"{event}\">, payload: EventPayloads[\"{event}\"]{more}");
            writeln!(text, "  readonly {}: ({arguments}) => unknown;", row.js).unwrap();
        }
    }
    text.push_str("}\n\n/** The first argument of every handler. */\nexport interface HandlerContext {\n  readonly instanceId: string;\n}\n");
}

/// The types of configuration fields stand in the documentation of `kind`.
fn field_types(text: &mut String, contract: &Contract) {
    let docs = &contract.field("types.config-field", "kind").expect("fields have a kind").docs;
    let words: Vec<_> = docs.split('`').skip(1).step_by(2).map(|word| format!("\"{word}\"")).collect();
    assert!(words.len() >= 8, "{docs}");
    write!(text, "\n/** The types of configuration fields. */\nexport type FieldType = {};\n", words.join(" | ")).unwrap();
}

/// A comment of one or more lines; nothing when there is nothing to say.
pub(super) fn comment(indent: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let single = format!("{indent}/** {text} */\n");
    if single.chars().count() <= WIDTH {
        return single;
    }
    let mut lines = format!("{indent}/**");
    let mut length = WIDTH;
    for word in text.split(' ') {
        let needed = word.chars().count() + 1;
        if length + needed > WIDTH {
            write!(lines, "\n{indent} *").unwrap();
            length = indent.len() + 2;
        }
        length += needed;
        write!(lines, " {word}").unwrap();
    }
    lines + &format!("\n{indent} */\n")
}

/// `contract.js`: the names alone, for the stub and for the test that asks the real component.
pub(super) fn names(table: &Table) -> String {
    let seen = |entry: &Entry| -> Vec<String> { entry.seen().map(|row| row.js.trim_matches('"').to_owned()).collect() };
    let mut shapes = serde_json::Map::new();
    let (mut words, mut events, mut handlers, mut functions) = (shapes.clone(), shapes.clone(), shapes.clone(), shapes.clone());
    for entry in &table.entries {
        let ts = entry.ts.split(' ').next().unwrap_or_default();
        match entry.kind {
            Kind::Record | Kind::Only => drop(shapes.insert(ts.to_owned(), seen(entry).into())),
            Kind::Enum => drop(words.insert(ts.to_owned(), seen(entry).into())),
            Kind::Variant => events.extend(entry.seen().map(|row| (row.js.clone(), row.rest.clone().into()))),
            Kind::Flags => {
                let event = |row: &Row| row.rest.split_whitespace().next().filter(|event| *event != "-").map(str::to_owned);
                handlers.extend(entry.seen().map(|row| (row.js.clone(), event(row).into())));
            }
            Kind::Func => {
                let names = entry.rows.iter().filter(|row| row.wit == "js");
                let names = names.map(|row| row.rest.split(['(', '<']).next().unwrap_or_default().into());
                let list = functions.entry(ts.to_owned()).or_insert_with(|| serde_json::Value::Array(Vec::new()));
                list.as_array_mut().unwrap().extend(names);
            }
        }
    }
    let all =
        serde_json::json!({ "shapes": shapes, "words": words, "events": events, "handlers": handlers, "functions": functions });
    format!("{HEAD}export const contract = {};\n", serde_json::to_string_pretty(&all).unwrap())
}
