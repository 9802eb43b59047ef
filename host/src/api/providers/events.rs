//! `POST /providers/{name}/events`: signals from outside, for every instance that has this provider of the adapter `extension`
//! in its scope and listens to `Extension`.

use axum::extract::State;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::api::error::{ApiError, Code};
use crate::api::extract::{Body, Query, Segment};
use crate::api::openapi::{Begun, about, examples};
use crate::api::state::Api;
use crate::providers::extension::{EVENTS_PER_POST, PAYLOAD_BYTES};

/// One event, or several of them: exactly one of the two, as [`Either`] describes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Signals {
    #[serde(default, deserialize_with = "given")]
    payload: Option<Value>,
    events: Option<Vec<Signal>>,
}

/// One event, or several of them.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(examples(examples::signals))]
#[expect(dead_code, reason = "describes what is read as `Signals`, whose refusals say more than those of a choice would")]
enum Either {
    /// One event.
    One(Signal),
    /// Several of them.
    Several(SeveralSignals),
}

impl PartialSchema for Signals {
    fn schema() -> RefOr<Schema> {
        Either::schema()
    }
}

impl ToSchema for Signals {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Either::schemas(schemas);
    }
}

/// Several events.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "as above")]
struct SeveralSignals {
    /// In this order.
    #[schema(min_items = 1, max_items = 256)]
    events: Vec<Signal>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Signal {
    /// Any JSON value, at most 102,400 bytes.
    payload: Value,
}

/// `null` is a payload like any other.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Serialize, ToSchema)]
#[schema(as = SignalsAccepted)]
pub(crate) struct Accepted {
    /// How many.
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

about! {
    /// Passes on signals to every instance that has this provider in its scope and listens to `Extension`.
    ///
    /// All of them, in this order, or none. The setting `token` of the provider may be sent in the place of the admin token.
    [ProviderNotFound, ProviderTakesNoEvents, ProviderNotRunning, PayloadTooLarge]
}

pub(crate) async fn post(
    State(api): State<Api>,
    Segment(name): Segment<String>,
    _: Query<()>,
    Body(signals): Body<Signals>,
) -> Result<Begun<Accepted>, ApiError> {
    let payloads = signals.payloads()?;
    let accepted = payloads.len();
    let sequence = api.providers.post(&name, payloads)?;
    Ok(Begun(Accepted { accepted, sequence }))
}
