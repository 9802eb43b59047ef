//! `sandpit instances events`: what happens to an instance, as it happens.

use super::request;
use crate::cli::Failure;
use crate::cli::client::{AskArgs, Method, view};
use crate::cli::output::Format;

/// Follows an instance until it is interrupted, the instance is deleted or the host stops. With --format json each event is a
/// document of one line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance.
    id: String,
    /// Only these kinds: order, execution, denial, risk, log, fault, status, provider.
    #[arg(long, value_delimiter = ',', value_name = "KIND")]
    kinds: Vec<String>,
    /// Go on after this event.
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    #[command(flatten)]
    ask: AskArgs,
}

/// One event in the making.
#[derive(Default)]
struct Heard {
    event: String,
    id: String,
    data: String,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.ask.client()?;
    let kinds = (!args.kinds.is_empty()).then(|| args.kinds.join(","));
    let request = request(Method::Get, &args.id, &["events"]).query("kinds", kinds).query("lastEventId", args.after.as_ref());
    let output = client.output();
    let mut heard = Heard::default();
    client.follow(&request, |line| {
        let Some(event) = heard.take(line) else { return Ok(()) };
        let data = serde_json::from_str(&event.data).unwrap_or_default();
        if output.format == Format::Json {
            output.text(&serde_json::json!({ "event": event.event, "id": event.id, "data": data }).to_string());
        } else {
            // Written by authors whom nobody has to trust.
            let data: serde_json::Value = view::read(&data)?;
            output.text(&format!("{:<9} {data}", event.event));
        }
        Ok(())
    })
}

impl Heard {
    /// Takes a line of the stream; gives the event that it ends.
    fn take(&mut self, line: &str) -> Option<Self> {
        match line.split_once(": ") {
            Some(("event", value)) => value.clone_into(&mut self.event),
            Some(("id", value)) => value.clone_into(&mut self.id),
            Some(("data", value)) => value.clone_into(&mut self.data),
            _ if line.is_empty() => {
                let event = std::mem::take(self);
                return (!event.data.is_empty()).then_some(event);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_from_what_only_keeps_the_stream_open() {
        let mut heard = Heard::default();
        let stream = ["retry: 1000", "id: a-1", "", ": still here", "", "event: log", "id: a-2", "data: {\"text\":\"x: y\"}", ""];
        let events: Vec<_> = stream.into_iter().filter_map(|line| heard.take(line)).collect();
        assert_eq!(events.len(), 1);
        assert_eq!(
            (events[0].event.as_str(), events[0].id.as_str(), events[0].data.as_str()),
            ("log", "a-2", "{\"text\":\"x: y\"}")
        );
    }
}
