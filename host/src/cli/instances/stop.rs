//! `sandpit instances stop`: lets one finish the event at hand and take its leave.

use super::{Ended, Orders, request};
use crate::cli::Failure;
use crate::cli::client::{AskArgs, Method};

/// Stops an instance. Its open orders stay where they are unless they are to be cancelled.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance.
    id: String,
    /// What becomes of its open orders [default: keep].
    #[arg(long, value_enum)]
    orders: Option<Orders>,
    #[command(flatten)]
    ask: AskArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let request = request(Method::Post, &args.id, &["stop"]).query("orders", args.orders.map(Orders::as_str));
    let answer = client.json(&request)?;
    client.show(&answer, |ended: &Ended| format!("{} is stopped{}", args.id, ended.text()))
}
