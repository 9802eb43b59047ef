//! `sandpit modules push`: uploads a strategy; what it became, which tags moved, and how it differs from `latest`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use super::files::Files;
use super::module;
use crate::cli::Failure;
use crate::cli::client::view::{self, Moved};
use crate::cli::client::{AskArgs, Client, Method, Request};
use crate::cli::output::{grouped, pairs};
use crate::cli::progress::Progress;
use crate::cli::shown::{short, short_or_none};
use crate::cli::source;
use crate::compile::Source;

/// Uploads a strategy. The host compiles it at once; running instances move at a refresh.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that exports the strategy, and the files it requires; or a folder, with --entry. One file alone is bundled by its
    /// project's esbuild where it needs that: TypeScript, ES modules, other files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which file of a folder exports the strategy.
    #[arg(long, value_name = "FILE")]
    entry: Option<String>,
    /// The tag of the revision [default: the tag in its metadata].
    #[arg(long)]
    tag: Option<String>,
    /// A further tag; it stays where it is when it points elsewhere. May be repeated.
    #[arg(long, value_name = "TAG")]
    alias: Vec<String>,
    /// A tag that moves here wherever it points, such as prod or latest. May be repeated.
    #[arg(long, value_name = "TAG")]
    reassign: Vec<String>,
    /// Make it what the bare name means.
    #[arg(long)]
    promote: bool,
    /// The strategy that it must be.
    #[arg(long)]
    name: Option<String>,
    /// Why, for the history of the tags.
    #[arg(long)]
    reason: Option<String>,
    /// Also move the tags by which this selector finds its revision.
    #[arg(long, value_name = "SELECTOR")]
    replace: Option<String>,
    /// Only the hash, for scripts.
    #[arg(short, long, conflicts_with = "format")]
    quiet: bool,
    #[command(flatten)]
    ask: AskArgs,
}

/// What the host made of it.
#[derive(Debug, Deserialize)]
struct Uploaded {
    module: Module,
    changes: Option<Changes>,
}

/// The revision.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Module {
    name: String,
    pub(in crate::cli) hash: String,
    pub(in crate::cli) tag: String,
    #[serde(default)]
    moved_tags: Vec<Moved>,
    #[serde(default)]
    kept_aliases: Vec<Moved>,
    #[serde(default)]
    fuel_load: u64,
    fuel_create: Option<u64>,
}

/// How it differs from what `latest` pointed to.
#[derive(Debug, Deserialize)]
struct Changes {
    against: String,
    #[serde(default)]
    events: Value,
    #[serde(default)]
    config: Value,
    #[serde(default)]
    limits: Value,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let files = match (args.files.as_slice(), &args.entry) {
        // As `check` and `backtest` take it, so that what was tested can be uploaded.
        ([only], None) if only.is_file() => Files::of(source::file(only).map_err(|error| error.told(client.output()))?.source()),
        (paths, entry) => Files::read(paths, entry.as_deref()).map_err(Failure::Usage)?,
    };
    let request = match &args.replace {
        Some(selector) => Request::new(Method::Put, module(selector)),
        None => Request::new(Method::Post, ["strategies", "modules"]),
    };
    let waiting = Progress::waiting("the host compiles it");
    let uploaded = client.json(&request.with_body(body(args, files)))?;
    drop(waiting);
    if args.quiet {
        client.output().text(&view::read::<Uploaded>(&uploaded)?.module.hash);
        return Ok(());
    }
    client.show(&uploaded, text)
}

/// Uploads a source that was read already, under a tag that moves to it; what became of it.
///
/// # Errors
/// In words, with the diagnostics of the host where there are some.
pub(in crate::cli) fn source(client: &Client, source: &Source, name: &str, tag: &str) -> Result<Module, String> {
    let mut body = Files::of(source).into_body();
    body.insert("name".to_owned(), name.into());
    body.insert("tag".to_owned(), tag.into());
    let request = Request::new(Method::Post, ["strategies", "modules"]).with_body(Value::Object(body));
    let uploaded = client.document(&request).map_err(|error| error.words(client.output()))?;
    let uploaded: Uploaded = view::read(&uploaded).map_err(|failure| match failure {
        Failure::Usage(words) | Failure::Failed(words) => words,
        Failure::Answered => "the host's answer is not understood".to_owned(),
    })?;
    Ok(uploaded.module)
}

/// Only what was asked for is sent, so that the host's defaults hold.
fn body(args: &Args, files: Files) -> Value {
    let mut body = files.into_body();
    let mut set = |key: &str, value: Option<Value>| body.extend(value.map(|value| (key.to_owned(), value)));
    set("name", args.name.clone().map(Value::from));
    set("tag", args.tag.clone().map(Value::from));
    set("reason", args.reason.clone().map(Value::from));
    set("aliases", (!args.alias.is_empty()).then(|| json!(args.alias)));
    set("reassignTags", (!args.reassign.is_empty()).then(|| json!(args.reassign)));
    set("promoteLatest", args.promote.then_some(Value::Bool(true)));
    Value::Object(body)
}

fn text(uploaded: &Uploaded) -> String {
    let module = &uploaded.module;
    let lines = |tags: &[Moved], line: &dyn Fn(&Moved) -> String| tags.iter().map(line).collect::<Vec<_>>().join("\n");
    let moved = |tag: &Moved| match &tag.previous {
        Some(previous) => format!("{} (was {})", tag.tag, short(previous)),
        None => tag.tag.clone(),
    };
    let kept = |tag: &Moved| format!("{} still points to {}: --reassign moves it", tag.tag, short_or_none(tag.previous.as_ref()));
    let create = module.fuel_create.map_or_else(|| "not tried: it needs a configuration".to_owned(), grouped);
    let mut rows = vec![
        ("strategy", module.name.clone()),
        ("revision", module.hash.clone()),
        ("tag", module.tag.clone()),
        ("tags moved", lines(&module.moved_tags, &moved)),
        ("left alone", lines(&module.kept_aliases, &kept)),
        ("fuel of load", grouped(module.fuel_load)),
        ("fuel of create", create),
    ];
    if let Some(changes) = &uploaded.changes {
        rows.push(("compared with", short(&changes.against)));
        rows.push(("events", difference(&changes.events)));
        rows.push(("config", difference(&changes.config)));
        rows.push(("limits", difference(&changes.limits)));
    }
    rows.retain(|(_, value)| !value.is_empty());
    format!("{}\n\nIt can be launched. Running instances follow with `sandpit refresh {}`.", pairs(rows), module.name)
}

/// `{added, removed, changed}` as `+a -b c: 1 -> 2`; each list holds names, or objects with a name, or is an object by name.
fn difference(change: &Value) -> String {
    let name = |item: &Value| item.as_str().or_else(|| item["name"].as_str()).map_or_else(|| item.to_string(), str::to_owned);
    let names = |list: &Value| match list {
        Value::Object(all) => all.keys().cloned().collect(),
        Value::Array(all) => all.iter().map(name).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let added = names(&change["added"]).into_iter().map(|name| format!("+{name}"));
    let removed = names(&change["removed"]).into_iter().map(|name| format!("-{name}"));
    let changed: Vec<String> = match &change["changed"] {
        Value::Array(all) => all.iter().map(|item| format!("{}: {}", name(item), steps(&item["from"], &item["to"]))).collect(),
        Value::Object(all) => all.iter().map(|(name, item)| format!("{name}: {}", steps(&item["from"], &item["to"]))).collect(),
        _ => Vec::new(),
    };
    added.chain(removed).chain(changed).collect::<Vec<_>>().join("\n")
}

/// `1 -> 2`; of two objects only what differs: `default 100 -> 50`.
fn steps(from: &Value, to: &Value) -> String {
    let (Value::Object(old), Value::Object(new)) = (from, to) else { return format!("{from} -> {to}") };
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
    let shown = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), Value::to_string);
    differing.map(|key| format!("{key} {} -> {}", shown(old.get(key)), shown(new.get(key)))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::samples::{hash, trimmed};

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn args(line: &str) -> Args {
        Line::try_parse_from(format!("push {line}").split_whitespace()).unwrap_or_else(|error| panic!("{error}")).args
    }

    fn files() -> Files {
        Files { entry: "a.js".to_owned(), texts: [("a.js".to_owned(), "x".to_owned())].into() }
    }

    #[test]
    fn only_what_was_said_is_sent() {
        assert_eq!(body(&args("a.js"), files()), json!({ "source": "x", "filename": "a.js" }));
        let all = args("a.js --name a --tag v2 --alias x --alias y --reassign prod --reassign latest --promote --reason why");
        let expected = json!({
            "source": "x", "filename": "a.js", "name": "a", "tag": "v2", "reason": "why", "aliases": ["x", "y"],
            "reassignTags": ["prod", "latest"], "promoteLatest": true,
        });
        assert_eq!(body(&all, files()), expected);
    }

    #[test]
    fn the_answer_tells_what_moved_and_what_is_new() {
        let answer = json!({
            "status": "pending_refresh", "strategyDirectory": "strategies", "generation": 7,
            "module": {
                "name": "delay", "hash": hash('b'), "tag": "v2.0.0", "alias": "prod", "file": "delay.js", "path": "p",
                "engineHash": hash('e'), "movedTags": [{ "tag": "prod", "previous": hash('a') }, { "tag": "v2.0.0", "previous": null }],
                "keptAliases": [{ "tag": "next", "previous": hash('c') }], "fuelLoad": 1234567, "fuelCreate": null,
            },
            "changes": {
                "against": hash('a'), "events": { "added": ["Ticker"], "removed": [] },
                "config": { "added": [{ "name": "size", "type": "string" }], "removed": [],
                            "changed": [{ "name": "every", "from": { "type": "int", "default": 1 }, "to": { "type": "int", "default": 2 } }] },
                "limits": { "added": { "fuelPerEvent": 5 }, "removed": {}, "changed": [] },
            },
        });
        insta::assert_snapshot!(trimmed(&text(&view::read(&answer).unwrap())), @r"
         strategy        delay
         revision        sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
         tag             v2.0.0
         tags moved      prod (was aaaaaaaaaaaa)
                         v2.0.0
         left alone      next still points to cccccccccccc: --reassign moves it
         fuel of load    1,234,567
         fuel of create  not tried: it needs a configuration
         compared with   aaaaaaaaaaaa
         events          +Ticker
         config          +size
                         every: default 1 -> 2
         limits          +fuelPerEvent

        It can be launched. Running instances follow with `sandpit refresh delay`.
        ");
    }
}
