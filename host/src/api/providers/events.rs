//! `POST /providers/{name}/events`: signals from outside, for every instance that has this provider of the adapter `extension`
//! in its scope and listens to `Extension`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::api::error::{ApiError, Code};
use crate::api::extract::{Body, Query, Segment};
use crate::api::state::Api;
use crate::providers::extension::{EVENTS_PER_POST, PAYLOAD_BYTES};

/// One event, or several of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Signals {
    #[serde(default, deserialize_with = "given")]
    payload: Option<Value>,
    events: Option<Vec<Signal>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signal {
    payload: Value,
}

/// `null` is a payload like any other.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Serialize)]
pub(crate) struct Accepted {
    accepted: usize,
    /// Of the last one; the others have those before.
    sequence: u64,
}

impl Signals {
    /// As texts within the limits.
    fn payloads(self) -> Result<Vec<String>, ApiError> {
        let values = match (self.payload, self.events) {
            (Some(payload), None) => vec![payload],
            (None, Some(events)) if !events.is_empty() => events.into_iter().map(|event| event.payload).collect(),
            _ => return Err(ApiError::new(Code::InvalidBody, "body: send either `payload` or a list of `events`, not empty")),
        };
        if values.len() > EVENTS_PER_POST {
            let message = format!("{} events at once, at most {EVENTS_PER_POST} are taken: send them in parts", values.len());
            return Err(ApiError::new(Code::PayloadTooLarge, message));
        }
        let text = |(place, value): (usize, Value)| {
            let text = value.to_string();
            if text.len() > PAYLOAD_BYTES {
                let bytes = text.len();
                let message =
                    format!("payload {place} has {bytes} bytes as JSON, at most {PAYLOAD_BYTES} are taken; none was passed on");
                return Err(ApiError::new(Code::PayloadTooLarge, message));
            }
            Ok(text)
        };
        values.into_iter().enumerate().map(text).collect()
    }
}

pub(crate) async fn post(
    State(api): State<Api>,
    Segment(name): Segment<String>,
    _: Query<()>,
    Body(signals): Body<Signals>,
) -> Result<impl IntoResponse, ApiError> {
    let payloads = signals.payloads()?;
    let accepted = payloads.len();
    let sequence = api.providers.post(&name, payloads)?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { accepted, sequence })))
}
