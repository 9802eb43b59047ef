//! `sandpit bootstrap`: a strategies directory of an older layout becomes one of today's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Failure;
use super::output::{FormatFlag, table};
use super::progress::Progress;
use super::workbench::{Workbench, block_on};
use crate::base::{Digest, StrategyName, SystemClock, Tag};
use crate::catalogue::Access;
use crate::catalogue::bootstrap::{About, Abouts, Bootstrap, LatestFrom, Plan, PlannedRevision, TagFrom};
use crate::compile::{CompileError, Compiled, Compiler, Diagnostic, Source, SourceFile};

/// Brings a strategies directory of an older layout into today's; only says what it would do, unless --write.
///
/// Scripts in its root and `<name>/<tag>/<name>.js` become `<name>/<hash>/<name>.js` with registry.json. An original is removed
/// only when its copy stands. Exit code 1 when something could not be decided and was left where it is.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The strategies directory. No host may run there.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Do it.
    #[arg(long)]
    write: bool,
    /// What `GET /strategies/registry` answered: names the revisions that no running instance uses.
    #[arg(long, value_name = "FILE.json")]
    usage: Option<PathBuf>,
    #[command(flatten)]
    format: FormatFlag,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    directory: &'a Path,
    /// Whether it was done, or only planned.
    written: bool,
    #[serde(flatten)]
    plan: &'a Plan,
    /// Files that are written, registry.json apart.
    copies: usize,
    /// Files that are removed once their copies stand.
    originals: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    unused: Option<Vec<Unused<'a>>>,
}

/// A revision that no running instance uses.
#[derive(Serialize)]
struct Unused<'a> {
    strategy: &'a StrategyName,
    tags: &'a [String],
    hash: Digest,
}

/// One line of a usage report.
#[derive(Deserialize)]
struct Usage {
    hash: String,
    #[serde(default)]
    count: u64,
    #[serde(default)]
    instances: Option<Vec<String>>,
}

/// In its three forms: of `GET /strategies/registry`, of the old tool, and bare.
#[derive(Deserialize)]
#[serde(untagged)]
enum UsageReport {
    Wrapped { usage: Option<Vec<Usage>> },
    Bare(Vec<Usage>),
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if !args.root.is_dir() {
        return Err(Failure::Usage(format!("{}: there is no such directory", args.root.display())));
    }
    // Before anything is changed.
    let running = args.usage.as_deref().map(read_usage).transpose()?;
    let access = if args.write { Access::Write } else { Access::Read };
    let bootstrap = Bootstrap::open(&args.root, access, Arc::new(SystemClock::new())).map_err(Failure::usage)?;
    let plan = bootstrap.plan(&judge(&bootstrap.unknown())?);
    if args.write {
        let progress = Progress::counting("writing", plan.copies() + plan.originals());
        bootstrap.carry_out(&plan, || progress.step()).map_err(Failure::failed)?;
    }
    let answer = Answer {
        directory: &args.root,
        written: args.write,
        copies: plan.copies(),
        originals: plan.originals(),
        unused: running.as_ref().map(|running| unused(&plan, running)),
        plan: &plan,
    };
    args.format.output().answer(&answer, text);
    if plan.conflicts.is_empty() { Ok(()) } else { Err(Failure::Answered) }
}

/// What each source says about itself.
fn judge(sources: &[&Source]) -> Result<Abouts, Failure> {
    if sources.is_empty() {
        return Ok(Abouts::new());
    }
    let compiler = Workbench::deterministic(Workbench::GUESTS)?.compiler;
    let progress = Progress::counting("compiling", sources.len());
    let mut abouts = BTreeMap::new();
    for source in sources {
        let about = block_on(about(&compiler, source))??;
        abouts.insert(source.digest(), about);
        progress.step();
    }
    Ok(abouts)
}

async fn about(compiler: &Compiler, source: &Source) -> Result<Result<About, String>, Failure> {
    let compiled = match compiler.compile(source).await {
        Ok(compiled) => compiled,
        Err(CompileError::Diagnostics(diagnostics)) => return Ok(Err(first(&diagnostics))),
        Err(error) => return Err(Failure::failed(error)),
    };
    let metadata = &compiled.metadata;
    let version = if metadata.tag.is_none() { version(compiler, source).await } else { None };
    Ok(Ok(About {
        name: metadata.name.clone(),
        tag: metadata.tag.clone(),
        version,
        engine: compiled.engine,
        world: world(&compiled),
    }))
}

/// The first of them with its line; `sandpit check` says more.
fn first(diagnostics: &[Diagnostic]) -> String {
    let Some(first) = diagnostics.first() else { return "it is no strategy".to_owned() };
    let place = first.file.as_ref().zip(first.line).map(|(file, line)| format!("{file}:{line}: ")).unwrap_or_default();
    format!("{place}{}", first.message)
}

/// The package of what a component imports, with its version.
fn world(compiled: &Compiled) -> Option<String> {
    let (package, version) = compiled.imports.first()?.split_once('@')?;
    Some(format!("{}@{version}", package.split_once('/')?.0))
}

/// `metadata.version`, where sources had their tag before there was `metadata.tag`: read by a strategy around the source that
/// says it as its tag, so that it is what the source means and not what it looks like.
async fn version(compiler: &Compiler, source: &Source) -> Option<Tag> {
    const FILE: &str = "sandpit-version.js";
    let entry = serde_json::to_string(&format!("./{}", source.entry().path)).ok()?;
    let text = format!(
        "const strategy = require({entry});\n\
         module.exports = {{ ...strategy, metadata: {{ ...strategy.metadata, tag: strategy.metadata.version }} }};\n"
    );
    let mut files = source.files().to_vec();
    files.push(SourceFile { path: FILE.to_owned(), bytes: text.into_bytes() });
    let around = Source::several(FILE, files).ok()?;
    compiler.compile(&around).await.ok()?.metadata.tag.clone()
}

fn read_usage(path: &Path) -> Result<BTreeSet<Digest>, Failure> {
    let wrong = |reason: String| Failure::Usage(format!("{}: {reason}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let expected = "expected the answer of GET /strategies/registry, {\"usage\": [...]} or a list of usages";
    let report: UsageReport = serde_json::from_slice(&bytes).map_err(|_| wrong(expected.to_owned()))?;
    let usages = match report {
        UsageReport::Wrapped { usage } => usage.unwrap_or_default(),
        UsageReport::Bare(usages) => usages,
    };
    let runs = |usage: &Usage| usage.count > 0 || usage.instances.as_ref().is_some_and(|instances| !instances.is_empty());
    let running = usages.iter().filter(|usage| runs(usage));
    running.map(|usage| usage.hash.parse().map_err(|error| wrong(format!("{}: {error}", usage.hash)))).collect()
}

fn unused<'a>(plan: &'a Plan, running: &BTreeSet<Digest>) -> Vec<Unused<'a>> {
    let mut unused = Vec::new();
    for strategy in &plan.strategies {
        let idle = strategy.revisions.iter().filter(|revision| !running.contains(&revision.hash));
        unused.extend(idle.map(|one| Unused { strategy: &strategy.name, tags: &one.tags, hash: one.hash }));
    }
    unused
}

fn text(answer: &Answer<'_>) -> String {
    let plan = answer.plan;
    let mut text = String::new();
    let mut rows = table(&["strategy", "tags", "tag from", "hash", "now", "then"], &[]);
    let mut by_order = false;
    for strategy in &plan.strategies {
        by_order |= strategy.latest_from == Some(LatestFrom::HighestTag);
        for revision in &strategy.revisions {
            let mut tags = revision.tags.clone();
            tags.extend((strategy.latest == Some(revision.hash)).then(|| "latest".to_owned()));
            let now = if revision.originals.is_empty() { "in its place".to_owned() } else { revision.originals.join("\n") };
            let then = if revision.originals.is_empty() { String::new() } else { revision.path.clone() };
            let hash = revision.hash.short();
            rows.add_row([strategy.name.to_string(), tags.join(", "), tag_from(revision).to_owned(), hash, now, then]);
        }
    }
    if !plan.strategies.is_empty() {
        text.push_str(&format!("{rows}\n\n"));
    }
    if by_order {
        text.push_str("latest is the highest tag in the order of versions: v1.10.0 comes after v1.9.0\n");
    }
    if !plan.conflicts.is_empty() {
        text.push_str(&format!("{} left where they are, and not registered:\n", counted(plan.conflicts.len(), "conflict")));
        for conflict in &plan.conflicts {
            text.push_str(&format!("  - {}: {}\n", conflict.paths.join(", "), conflict.reason));
        }
    }
    let what = counted(plan.strategies.len(), "strategy");
    let done = match (answer.written, plan.writes_registry) {
        (true, true) => "generated for",
        (false, true) => "would be generated for",
        (_, false) => "is as it should be:",
    };
    text.push_str(&format!("registry.json {done} {what} under {}\n", answer.directory.display()));
    if answer.written {
        let (copies, originals) = (counted(answer.copies, "file"), counted(answer.originals, "original"));
        text.push_str(&format!("{copies} written and verified, {originals} removed\n"));
    } else {
        text.push_str("filesystem left untouched (pass --write to reorganize)\n");
    }
    match answer.unused.as_deref() {
        None => {}
        Some([]) => text.push_str("no unused revisions detected\n"),
        Some(unused) => {
            text.push_str("usage report: revisions with zero running instances:\n");
            for one in unused {
                let tags = if one.tags.is_empty() { "(no tag)".to_owned() } else { one.tags.join(",") };
                text.push_str(&format!("  - {} {tags} [{}]\n", one.strategy, one.hash));
            }
        }
    }
    text
}

fn tag_from(revision: &PlannedRevision) -> &'static str {
    match revision.tag_from {
        Some(TagFrom::Folder) => "its folder",
        Some(TagFrom::OldRegistry) => "the old registry",
        Some(TagFrom::MetadataTag) => "metadata.tag",
        Some(TagFrom::MetadataVersion) => "metadata.version",
        Some(TagFrom::Default) => "nowhere: the default",
        None => "the registry",
    }
}

fn counted(number: usize, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {what}s"),
    }
}
