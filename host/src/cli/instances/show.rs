//! `sandpit instances show`: one instance, as its operator needs to see it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::request;
use crate::cli::Failure;
use crate::cli::client::{AskArgs, Method};
use crate::cli::shown::time;

/// Shows one instance.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance.
    id: String,
    #[command(flatten)]
    ask: AskArgs,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instance {
    id: String,
    #[serde(default)]
    selector: String,
    #[serde(default)]
    hash: String,
    #[serde(default)]
    out_of_date: bool,
    #[serde(default)]
    status: String,
    #[serde(default)]
    desired: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    run: u64,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    trading_active: bool,
    #[serde(default)]
    autostart: bool,
    #[serde(default)]
    open_orders: usize,
    #[serde(default)]
    faults: u64,
    #[serde(default)]
    exceptions: u64,
    last_error: Option<LastError>,
    #[serde(default)]
    profit: BTreeMap<String, Profit>,
    #[serde(default)]
    scope: BTreeMap<String, Scope>,
    strategy: Strategy,
}

#[derive(Debug, Deserialize)]
struct Strategy {
    #[serde(default)]
    config: Value,
}

#[derive(Debug, Deserialize)]
struct Scope {
    #[serde(default)]
    symbols: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Profit {
    #[serde(default)]
    net: String,
}

#[derive(Debug, Deserialize)]
struct LastError {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    at: String,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let answer = client.json(&request(Method::Get, &args.id, &[]))?;
    client.show(&answer, text)
}

fn text(instance: &Instance) -> String {
    let yes = |what: bool| if what { "yes" } else { "no" };
    let out_of_date = if instance.out_of_date { " (a refresh would move it)" } else { "" };
    let mut lines = vec![
        format!("{} is {} since {}, run {}", instance.id, instance.status, time(&instance.since), instance.run),
        format!("  follows      {}", instance.selector),
        format!("  pinned to    {}{out_of_date}", instance.hash),
        format!("  is to be     {}, autostart {}", instance.desired, yes(instance.autostart)),
        format!("  trading      {}, dry run {}", yes(instance.trading_active), yes(instance.dry_run)),
        format!("  open orders  {}", instance.open_orders),
        format!("  config       {}", instance.strategy.config),
    ];
    lines.extend(
        instance.scope.iter().map(|(provider, scope)| format!("  scope        {provider}: {}", scope.symbols.join(", "))),
    );
    lines.extend(instance.profit.iter().map(|(currency, profit)| format!("  profit       {} {currency}", profit.net)));
    lines.push(format!("  failures     {} faults, {} exceptions", instance.faults, instance.exceptions));
    if let Some(error) = &instance.last_error {
        lines.push(format!("  last error   {} at {}: {}", error.code, time(&error.at), error.message));
    }
    lines.join("\n")
}
