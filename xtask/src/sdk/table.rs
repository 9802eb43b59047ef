//! Reads `table.txt` and holds it against the contract. A line that cannot be read is a panic: the table is part of a test.

use super::contract::{Contract, Shape};

/// The table, in the order of its lines.
#[derive(Default)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
    pub(super) hidden: Vec<String>,
    pub(super) codes: Vec<String>,
}

/// What begins with one unindented line.
pub(super) struct Entry {
    /// The file it goes to.
    pub(super) file: String,
    pub(super) kind: Kind,
    /// Its name in WIT; empty for what JavaScript alone has.
    pub(super) wit: String,
    /// Its name in TypeScript; the owner of a function.
    pub(super) ts: String,
    pub(super) rows: Vec<Row>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Enum,
    Record,
    Only,
    Flags,
    Variant,
    Func,
}

/// One indented line.
pub(super) struct Row {
    pub(super) wit: String,
    pub(super) js: String,
    /// The type, or what else follows.
    pub(super) rest: String,
    /// The text after the semicolon.
    pub(super) doc: String,
}

impl Table {
    pub(super) fn parse(text: &str) -> Self {
        let mut table = Self::default();
        let mut file = String::new();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            if let Some(row) = line.strip_prefix("  ") {
                let entry = table.entries.last_mut().expect("a row belongs to an entry");
                entry.rows.push(Row::parse(entry.kind, row));
                continue;
            }
            let (word, rest) = line.split_once(' ').expect("a word and what it is about");
            let (first, second) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
            let (wit, ts) = if word == "only" { ("", rest) } else { (first, second) };
            let kind = match word {
                "file" => {
                    file = first.to_owned();
                    continue;
                }
                "hidden" => {
                    table.hidden.push(first.to_owned());
                    continue;
                }
                "codes" => {
                    table.codes.extend(rest.split_whitespace().map(str::to_owned));
                    continue;
                }
                "enum" => Kind::Enum,
                "record" => Kind::Record,
                "only" => Kind::Only,
                "flags" => Kind::Flags,
                "variant" => Kind::Variant,
                "func" => Kind::Func,
                other => panic!("`{other}` begins no entry of the table"),
            };
            let entry = Entry { file: file.clone(), kind, wit: wit.to_owned(), ts: ts.trim().to_owned(), rows: Vec::new() };
            table.entries.push(entry);
        }
        table
    }

    /// Where contract and table do not fit.
    pub(super) fn differences(&self, contract: &Contract) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, item) in &contract.items {
            let entry = self.entries.iter().find(|entry| entry.wit == *name);
            match entry {
                Some(entry) => entry.differences(name, &item.shape, &mut problems),
                None if self.hidden.contains(name) => {}
                None => problems.push(format!("{name} has no line")),
            }
        }
        let named = self.entries.iter().map(|entry| &entry.wit).chain(&self.hidden).filter(|name| !name.is_empty());
        for name in named.filter(|name| !contract.items.contains_key(*name)) {
            problems.push(format!("{name} is not in wit/"));
        }
        problems
    }
}

impl Row {
    fn parse(kind: Kind, line: &str) -> Self {
        if kind == Kind::Func {
            let (key, rest) = line.trim().split_once(' ').expect("a key and a text");
            return Self { wit: key.to_owned(), js: String::new(), rest: rest.trim().to_owned(), doc: String::new() };
        }
        if let Some(doc) = line.strip_prefix("= ") {
            return Self { wit: "=".to_owned(), js: "-".to_owned(), rest: String::new(), doc: doc.to_owned() };
        }
        let (line, doc) = line.split_once(" ; ").unwrap_or((line, ""));
        let (wit, rest) = line.trim().split_once(' ').expect("two names");
        let (js, rest) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
        Self { wit: wit.to_owned(), js: js.to_owned(), rest: rest.trim().to_owned(), doc: doc.trim().to_owned() }
    }
}

impl Entry {
    /// The lines of cases, fields and the like that JavaScript sees.
    pub(super) fn seen(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.js != "-")
    }

    /// What is said of it instead of WIT's own words.
    pub(super) fn doc(&self) -> Option<&str> {
        self.rows.iter().find(|row| row.wit == "=").map(|row| row.doc.as_str())
    }

    /// The text behind a key of a function.
    pub(super) fn key(&self, key: &str) -> Option<&str> {
        self.rows.iter().find(|row| row.wit == key).map(|row| row.rest.as_str())
    }

    fn differences(&self, name: &str, shape: &Shape, problems: &mut Vec<String>) {
        let (word, parts): (_, Vec<&str>) = match shape {
            Shape::Record(fields) => ("field", fields.iter().map(|field| field.name.as_str()).collect()),
            Shape::Enum(cases) => ("case", cases.iter().map(String::as_str).collect()),
            Shape::Flags(flags) => ("flag", flags.iter().map(String::as_str).collect()),
            Shape::Variant(cases) => ("case", cases.iter().map(String::as_str).collect()),
            Shape::Func(signature) => {
                let told = self.key("wit").unwrap_or_default();
                if told != signature {
                    problems.push(format!("{name}: wit/ says `{signature}`, the table `{told}`"));
                }
                return;
            }
        };
        for part in &parts {
            if !self.rows.iter().any(|row| row.wit == *part) {
                problems.push(format!("{name}: the {word} `{part}` has no line"));
            }
        }
        for row in self.rows.iter().filter(|row| !["+", "="].contains(&row.wit.as_str()) && !parts.contains(&row.wit.as_str())) {
            problems.push(format!("{name}: wit/ has no {word} `{}`", row.wit));
        }
        if let Shape::Record(fields) = shape {
            for field in fields {
                let Some(row) = self.rows.iter().find(|row| row.wit == field.name && row.js != "-") else { continue };
                if !may_be(&field.ty, &row.rest) {
                    problems
                        .push(format!("{name}.{}: `{}` of wit/ cannot be `{}` in JavaScript", field.name, field.ty, row.rest));
                }
            }
        }
    }
}

/// Whether a value of the WIT type can reach JavaScript as one of the TypeScript type. What happens to it on the way is the
/// engine's; this catches what has changed its kind.
fn may_be(wit: &str, ts: &str) -> bool {
    let ts = ts.strip_prefix("optional ").unwrap_or(ts);
    let is_text = |ts: &str| ["string", "Decimal", "ErrorCode", "FieldType"].contains(&ts) || ts.starts_with('"');
    if let Some(inner) = wit.strip_prefix("option<").and_then(|rest| rest.strip_suffix('>')) {
        // Prices of a market state are numbers, and 0 when there is none; a default is any JSON.
        let plain = ts.strip_suffix(" | null").unwrap_or(ts);
        return may_be(inner, plain) || plain == "number" || ts == "Json | undefined";
    }
    match wit {
        "string" => is_text(ts),
        "u64" => ts == "Timestamp" || ts == "number",
        "u32" => ts == "number",
        // Places in the list of feeds: JavaScript gets the name.
        "u16" => ts == "string",
        "bool" => ts == "boolean",
        "list<tuple<string, string>>" => ts == "Readonly<Record<string, string>>",
        list if list.starts_with("list<") => ts.starts_with("readonly ") && ts.ends_with("[]"),
        // An enum or record of the contract has an entry of its own.
        _ => ts.chars().next().is_some_and(char::is_uppercase),
    }
}
