//! `sandpit instances ls`: who there is and where each stands.

use serde::Deserialize;

use crate::cli::Failure;
use crate::cli::client::{AskArgs, Request};
use crate::cli::output::table;
use crate::cli::shown::{HashFlag, time};

/// Lists the instances.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    hashes: HashFlag,
    #[command(flatten)]
    ask: AskArgs,
}

#[derive(Debug, Deserialize)]
struct Listing {
    instances: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    #[serde(default)]
    strategy_selector: String,
    #[serde(default)]
    strategy_hash: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    desired: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    out_of_date: bool,
    last_error: Option<LastError>,
}

#[derive(Debug, Deserialize)]
struct LastError {
    code: String,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let answer = client.json(&Request::get(["strategy", "instances"]))?;
    client.show(&answer, |listing| text(listing, args.hashes))
}

fn text(listing: &Listing, hashes: HashFlag) -> String {
    let mut rows = table(&["instance", "selector", "revision", "status", "since", "last error"], &[]);
    for row in &listing.instances {
        let waits = row.desired == "running" && matches!(row.status.as_str(), "created" | "stopped");
        rows.add_row([
            row.id.clone(),
            row.strategy_selector.clone(),
            format!("{}{}", hashes.of(&row.strategy_hash), if row.out_of_date { " (out of date)" } else { "" }),
            if waits { format!("{} (is to run)", row.status) } else { row.status.clone() },
            time(&row.since),
            row.last_error.as_ref().map(|error| error.code.clone()).unwrap_or_default(),
        ]);
    }
    rows.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::view;
    use crate::cli::samples::{hash, trimmed};
    use serde_json::json;

    #[test]
    fn instances_are_rows() {
        let row = |id: &str, status: &str, desired: &str, code: Option<&str>| {
            json!({
                "id": id, "strategySelector": "delay:prod", "strategyHash": hash('a'), "status": status, "desired": desired,
                "since": "2026-11-20T15:00:00.1Z", "outOfDate": id == "b", "lastError": code.map(|code| json!({ "code": code })),
            })
        };
        let answer = json!({ "instances": [
            row("a", "running", "running", None),
            row("b", "quarantined", "stopped", Some("fuel_exhausted")),
            row("c", "created", "running", Some("provider_unavailable")),
        ] });
        insta::assert_snapshot!(trimmed(&text(&view::read(&answer).unwrap(), HashFlag::default())), @r"
         instance  selector    revision                    status               since                last error
         a         delay:prod  aaaaaaaaaaaa                running              2026-11-20 15:00:00
         b         delay:prod  aaaaaaaaaaaa (out of date)  quarantined          2026-11-20 15:00:00  fuel_exhausted
         c         delay:prod  aaaaaaaaaaaa                created (is to run)  2026-11-20 15:00:00  provider_unavailable
        ");
    }
}
