//! `GET /backtests/{id}/events`: how far a run is, as server-sent events, until it is over, the client goes away or the host stops.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use serde_json::json;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::instances::events::Stream;
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::backtest::jobs::JobRecord;

/// Between two looks: four events per second at most.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Looks without news until the stream says that it lives: 15 seconds.
const QUIET_LOOKS: u32 = 60;

about! {
    /// How far a run is, as it goes on: server-sent events.
    ///
    /// `progress` whenever it went on, at most four times per second; `done` once it is over, and then the stream ends.
    [BacktestNotFound]
}

pub(crate) async fn events(State(api): State<Api>, Segment(id): Segment<String>, _: Query<()>) -> Result<Stream, ApiError> {
    api.backtests.get(&id)?;
    let telling = Telling { api, id, last: None, over: false };
    Ok(Stream(Body::from_stream(futures_util::stream::unfold(telling, tell))))
}

struct Telling {
    api: Api,
    id: String,
    /// What was told last.
    last: Option<JobRecord>,
    over: bool,
}

/// The next piece of the stream.
async fn tell(mut telling: Telling) -> Option<(Result<Bytes, Infallible>, Telling)> {
    let mut quiet = 0;
    while !telling.over {
        if telling.last.is_some() {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = telling.api.lifecycle.soft_stop().cancelled() => return None,
            }
        }
        // Whoever deleted it knows.
        let record = telling.api.backtests.get(&telling.id).ok()?;
        quiet += 1;
        let text = if record.status.is_over() {
            telling.over = true;
            let results = record.results_hash;
            message("done", &json!({ "status": record.status, "error": record.error, "resultsHash": results }))
        } else if telling.last.as_ref() != Some(&record) {
            let progress = record.progress;
            message("progress", &json!({ "status": record.status, "records": progress.records, "total": progress.total }))
        } else if quiet >= QUIET_LOOKS {
            ": still here\n\n".to_owned()
        } else {
            continue;
        };
        telling.last = Some(record);
        return Some((Ok(text.into()), telling));
    }
    None
}

fn message(event: &str, data: &serde_json::Value) -> String {
    // JSON has no line breaks of its own.
    format!("event: {event}\ndata: {data}\n\n")
}
