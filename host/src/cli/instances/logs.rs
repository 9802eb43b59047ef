//! `sandpit instances logs`: what an instance said, and what it goes on to say.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::request;
use crate::cli::Failure;
use crate::cli::client::{AskArgs, Client, Method, view};
use crate::cli::output::Format;
use crate::cli::shown::time;

/// How often a log that is followed is asked for more.
const AGAIN: Duration = Duration::from_millis(500);

/// Shows the newest lines of an instance's log.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance.
    id: String,
    /// At most so many lines [default: 100].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Only this level and above: debug, info, warn or error.
    #[arg(long)]
    level: Option<String>,
    /// Only lines of the strategy (guest) or of the host.
    #[arg(long, value_name = "WHO")]
    source: Option<String>,
    /// Go on with new lines until it is interrupted; with --format json one document per line.
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    ask: AskArgs,
}

#[derive(Debug, Deserialize)]
struct Page {
    lines: Vec<Line>,
    next: u64,
}

#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    time: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    text: String,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let first = ask(&client, args, None)?;
    if !args.follow {
        return client.show(&first, text);
    }
    let mut next = told(&client, &first)?;
    loop {
        std::thread::sleep(AGAIN);
        next = told(&client, &ask(&client, args, Some(next))?)?;
    }
}

fn ask(client: &Client, args: &Args, after: Option<u64>) -> Result<Value, Failure> {
    let request = request(Method::Get, &args.id, &["logs"])
        .query("limit", args.limit)
        .query("level", args.level.as_ref())
        .query("source", args.source.as_ref())
        .query("after", after);
    client.json(&request)
}

/// Shows a part of what is followed, and says where the next one begins.
fn told(client: &Client, answer: &Value) -> Result<u64, Failure> {
    let page: Page = view::read(answer)?;
    if client.output().format == Format::Json {
        for line in answer["lines"].as_array().into_iter().flatten() {
            client.output().text(&line.to_string());
        }
    } else if !page.lines.is_empty() {
        client.output().text(&text(&page));
    }
    Ok(page.next)
}

fn text(page: &Page) -> String {
    let line = |line: &Line| format!("{} {:<5} {:<5} {}", time(&line.time), line.level, line.source, line.text);
    page.lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
