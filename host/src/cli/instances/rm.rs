//! `sandpit instances rm`: stops one and forgets it.

use super::{Ended, Orders, request};
use crate::cli::Failure;
use crate::cli::ask::confirm;
use crate::cli::client::{AskArgs, Method};

/// Deletes an instance: it is stopped, its open orders are cancelled; what it ordered and traded stays on record.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance.
    id: String,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// What becomes of its open orders [default: cancel].
    #[arg(long, value_enum)]
    orders: Option<Orders>,
    #[command(flatten)]
    ask: AskArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    if !args.yes {
        client.json(&request(Method::Get, &args.id, &[]))?;
        confirm(&format!("Delete {}?", args.id))?;
    }
    let request = request(Method::Delete, &args.id, &[]).query("orders", args.orders.map(Orders::as_str));
    let answer = client.json(&request)?;
    client.show(&answer, |ended: &Ended| format!("{} is gone{}", args.id, ended.text()))
}
