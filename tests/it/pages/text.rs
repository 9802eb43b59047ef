//! The words of a page: metadata, limits and results as tables.

use std::fmt::Write as _;
use std::path::Path;

use sandpit::backtest::PlayReport;
use sandpit::cli::output::{bytes, grouped};
use sandpit::market::OrderState;
use sandpit::sandbox::{Limits, Metadata};
use serde_json::Value;

use super::run::Run;
use crate::support::cli::Cli;
use crate::support::root;

const GENERATED: &str =
    "<!-- Written by `cargo xtask bless` from the metadata and from the run below: change the strategy, not this page. -->\n";
/// Lines of its log that a page shows.
const LINES: usize = 6;

/// A strategy, what it says of itself and what it did.
pub(super) struct Page {
    run: Run,
    pub(super) report: PlayReport,
    metadata: Metadata,
    /// Below the root of the repository.
    source: String,
}

impl Page {
    pub(super) async fn new(run: Run, report: PlayReport, folder: &Path) -> Self {
        let hash = report.strategy.hash.to_string();
        let source = format!("strategies/{0}/{1}/{0}.js", run.name, hash.trim_start_matches("sha256:"));
        let path = root().join(&source);
        let cli = Cli::new("127.0.0.1:1".parse().unwrap(), "", folder);
        let checked = cli.run(&["check", path.to_str().unwrap(), "--format", "json"]).await.well();
        let checked: Value = serde_json::from_str(&checked).unwrap();
        let metadata = serde_json::from_value(checked["metadata"].clone()).unwrap();
        Self { run, report, metadata, source }
    }

    pub(super) fn text(&self) -> String {
        let Metadata { display_name, description, .. } = &self.metadata;
        let mut page = format!("# {display_name}\n\n{GENERATED}\n{description}\n\n");
        page += &self.head();
        page += &self.words_of_the_source();
        page += &self.configuration();
        page += &self.limits();
        page += &self.results();
        page
    }

    fn head(&self) -> String {
        let events: Vec<String> = self.metadata.events.iter().map(|kind| format!("`{}`", kind.as_str())).collect();
        let tag = self.metadata.tag.as_ref().unwrap();
        format!(
            "| | |\n|---|---|\n| name, tag | `{}`, `{tag}` |\n| source | [`{}.js`](../../{}) |\n| hash | `{}` |\n| hears | {} |\n\n",
            self.metadata.name,
            self.run.name,
            self.source,
            self.report.strategy.hash,
            events.join(", "),
        )
    }

    /// The comment at the head of the source.
    fn words_of_the_source(&self) -> String {
        let source = std::fs::read_to_string(root().join(&self.source)).unwrap();
        let comment = source.strip_prefix("/**\n").and_then(|rest| rest.split_once("*/")).unwrap().0;
        let lines = comment.lines().map(|line| line.trim_start_matches([' ', '*']));
        format!("## How it works\n\n{}\n\n", lines.collect::<Vec<_>>().join("\n").trim())
    }

    fn configuration(&self) -> String {
        let mut text = "## Configuration\n\n| field | type | default | what it is |\n|---|---|---|---|\n".to_owned();
        for field in &self.metadata.config {
            let default = field.default.as_ref().map_or_else(|| "none".to_owned(), |default| format!("`{default}`"));
            let needed = if field.required && field.default.is_none() { " Must be given." } else { "" };
            let (name, kind, what) = (&field.name, field.kind.as_str(), &field.description);
            writeln!(text, "| `{name}` | {kind} | {default} | {what}{needed} |").unwrap();
        }
        text + "\n"
    }

    /// What it asks for, and how much of a host's limits the run took.
    fn limits(&self) -> String {
        let limits = Limits::default();
        let asked = self.metadata.limits.as_ref().map(|limits| serde_json::to_value(limits).unwrap());
        let mut text = "## Limits\n\n".to_owned();
        match asked.as_ref().and_then(Value::as_object) {
            Some(asked) => {
                let asked: Vec<String> = asked.iter().map(|(name, value)| format!("`limits.{name}` of {value}")).collect();
                writeln!(text, "It asks for {}. What the run below took:\n", asked.join(", ")).unwrap();
            }
            None => text += "It asks for none of its own: a host's defaults are enough. What the run below took of them:\n\n",
        }
        let most = self.report.fuel.iter().filter(|(name, _)| *name != "create").map(|(_, fuel)| fuel.max).max();
        let create = self.report.fuel.get("create").map_or(0, |fuel| fuel.max);
        text += "| limit | default | most that was taken |\n|---|---|---|\n";
        for (name, limit, taken) in [
            ("fuelPerEvent", grouped(limits.fuel_per_event), most.map_or("no call".to_owned(), grouped)),
            ("fuelPerCreate", grouped(limits.fuel_per_create), grouped(create)),
            ("memoryBytes", bytes(limits.memory_bytes), bytes(self.report.peak_memory_bytes)),
        ] {
            writeln!(text, "| `limits.{name}` | {limit} | {taken} |").unwrap();
        }
        text + "\n"
    }

    fn results(&self) -> String {
        let (run, report) = (self.run, &self.report);
        let mut text = format!(
            "## On a recorded market\n\n```sh\nsandpit {}\n```\n\n![Price, orders and fills]({}.svg)\n\n",
            run.command(),
            run.name
        );
        if !report.fills.is_empty() {
            text += &format!("![Equity]({}-equity.svg)\n\n", run.name);
        }
        text += "| | |\n|---|---|\n";
        let heard: Vec<String> =
            report.events.delivered.iter().map(|(kind, count)| format!("{} {kind}", grouped(*count))).collect();
        let mut row = |name: &str, value: String| writeln!(text, "| {name} | {value} |").unwrap();
        row("market", format!("`{}`, {} to {}", run.tape, &report.from[..19], &report.to[..19]));
        row(
            "events handled",
            if heard.is_empty() { "none: a tape has no event of these kinds".to_owned() } else { heard.join(", ") },
        );
        row("orders", self.orders());
        row("fills", grouped(report.fills.len() as u64));
        for (currency, line) in &report.profit {
            let figures = [line.realised, line.unrealised, line.fees, line.net].map(|figure| figure.round_dp(4).normalize());
            let [realised, unrealised, fees, net] = figures;
            row("profit", format!("{realised} realised, {unrealised} unrealised, {fees} of fees: **{net} {currency}**"));
        }
        let dropped: u64 = report.events.dropped.values().sum();
        if dropped > 0 {
            row("events dropped, since its queue was full", grouped(dropped));
        }
        text += "\n| handler | calls | median fuel | most | all |\n|---|---:|---:|---:|---:|\n";
        for (handler, fuel) in &report.fuel {
            let [count, median, max, total] = [fuel.count, fuel.median, fuel.max, fuel.total].map(grouped);
            writeln!(text, "| `{handler}` | {count} | {median} | {max} | {total} |").unwrap();
        }
        if !report.log.is_empty() {
            let last = &report.log[report.log.len().saturating_sub(LINES)..];
            text += "\nThe last that it said:\n\n```text\n";
            last.iter().for_each(|line| writeln!(text, "{} {}", &line.time[11..23], line.text).unwrap());
            text += "```\n";
        }
        text
    }

    fn orders(&self) -> String {
        let orders = &self.report.orders;
        let count = |state: OrderState| orders.iter().filter(|order| order.state == state).count();
        let states = OrderState::ALL.into_iter().map(|state| (state, count(state))).filter(|(_, count)| *count > 0);
        let states: Vec<String> = states.map(|(state, count)| format!("{count} {}", state.as_str().to_lowercase())).collect();
        if orders.is_empty() { "none".to_owned() } else { format!("{}: {}", grouped(orders.len() as u64), states.join(", ")) }
    }
}

/// The page of the folder.
pub(super) fn index(pages: &[Page]) -> String {
    let mut text = format!(
        "# The built-in strategies\n\n{GENERATED}\nEach has a page with its configuration, its limits, and what it did in six minutes of a real \
         market, on paper, with a fee of 10 basis points for each fill. They are there to be read and changed: [strategy.md](../strategy.md) \
         is the manual. Their settings in these runs are such that they trade, and are not tuned to earn.\n\n\
         | strategy | what it does | orders | fills | net profit | median fuel of a trade |\n|---|---|---:|---:|---:|---:|\n"
    );
    for page in pages {
        let (report, metadata) = (&page.report, &page.metadata);
        let net = report.profit.iter().map(|(currency, line)| format!("{} {currency}", line.net.round_dp(4).normalize()));
        let net: Vec<String> = net.collect();
        writeln!(
            text,
            "| [{}]({}.md) | {} | {} | {} | {} | {} |",
            metadata.name,
            page.run.name,
            metadata.description,
            report.orders.len(),
            report.fills.len(),
            if net.is_empty() { "none".to_owned() } else { net.join(", ") },
            report.fuel.get("onTrade").map_or("not heard".to_owned(), |fuel| grouped(fuel.median)),
        )
        .unwrap();
    }
    text
}
