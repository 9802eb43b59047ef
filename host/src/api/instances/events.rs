//! `GET /strategy/instances/{id}/events`: what happens to the instance, as server-sent events, until the client goes away, the
//! instance is deleted or the host stops. The instance never waits for a reader: one that is too slow is told what it missed.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use super::news::data;
use crate::api::error::{ApiError, Code};
use crate::api::extract::{FromQuery, Parameters, Query, Segment};
use crate::api::openapi::{Answers, Operation, Takes, about};
use crate::api::state::Api;
use crate::instances::feed::{Begin, Item, Told};
use crate::instances::{FeedEnd, FeedReader, NewsKind, Place};

/// A quiet stream says that it lives, so that neither the client nor a proxy between gives it up. Most of them wait a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

const PLACE_RULE: &str = "the id of an event of such a stream";

pub(crate) struct Wanted {
    /// All when empty.
    kinds: Vec<NewsKind>,
    last: Option<Place>,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        let rule = "a list of order, execution, denial, risk, log, fault, status, provider, with commas between them";
        let kinds = parameters
            .says("Only these kinds; all when left out.")
            .parsed("kinds", rule, |text| text.split(',').map(NewsKind::from_wire).collect())?;
        let last = parameters.says("Go on after this event.").parsed("lastEventId", PLACE_RULE, Place::parse)?;
        Ok(Self { kinds: kinds.unwrap_or_default(), last })
    }
}

/// The header of a reader that comes back.
pub(crate) struct LastEventId(Option<Place>);

impl Takes for LastEventId {
    fn describe(operation: &mut Operation<'_>) {
        let text = "Go on after this event: what a browser sends by itself when it comes back.";
        operation
            .parameter(json!({ "name": "Last-Event-ID", "in": "header", "description": text, "schema": { "type": "string" } }));
        operation.refuses(&[Code::InvalidParameter]);
    }
}

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get("last-event-id") else { return Ok(Self(None)) };
        let place = value.to_str().ok().and_then(Place::parse);
        let refused = || ApiError::new(Code::InvalidParameter, format!("Last-Event-ID must be {PLACE_RULE}"));
        Ok(Self(Some(place.ok_or_else(refused)?)))
    }
}

/// A stream of server-sent events.
pub(crate) struct Stream(pub(in crate::api) Body);

const TYPE: &str = "text/event-stream";

impl Answers for Stream {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_with(200, "Events, one after the other.", Some((TYPE, json!({ "type": "string" }))), &[]);
    }
}

impl IntoResponse for Stream {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, TYPE), (header::CACHE_CONTROL, "no-store")], self.0).into_response()
    }
}

about! {
    /// What happens to an instance, as it happens: server-sent events.
    ///
    /// A stream begins with what comes next, or after the event that is named. It ends when the instance is deleted or the host stops.
    [InstanceNotFound, TooManyStreams]
}

pub(crate) async fn events(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(wanted): Query<Wanted>,
    LastEventId(last): LastEventId,
) -> Result<Stream, ApiError> {
    // A browser that comes back sends the header by itself, beside the query of its first request.
    let last = last.or(wanted.last);
    let reader = api.instances.listen(&id, last.as_ref())?;
    let telling = Telling { opening: Some(opening(&reader)), reader, kinds: wanted.kinds, over: false };
    Ok(Stream(Body::from_stream(futures_util::stream::unfold(telling, tell))))
}

/// A stream at work.
struct Telling {
    reader: FeedReader,
    kinds: Vec<NewsKind>,
    opening: Option<String>,
    over: bool,
}

/// The next piece of the stream.
async fn tell(mut telling: Telling) -> Option<(Result<Bytes, Infallible>, Telling)> {
    if let Some(opening) = telling.opening.take() {
        return Some((Ok(opening.into()), telling));
    }
    while !telling.over {
        let text = match telling.reader.next(HEARTBEAT).await {
            Told::Items(items) => telling.written(&items),
            Told::Overrun(oldest) => reset(&telling.reader, "overrun", oldest),
            // With the place, so that a reader of rare kinds does not come back with an old one.
            Told::Quiet => format!(": still here\nid: {}\n\n", telling.reader.place()),
            Told::End(why) => {
                telling.over = true;
                let reason = match why {
                    FeedEnd::Deleted => "deleted",
                    FeedEnd::HostStops => "host_stops",
                };
                message("end", None, &End { reason })
            }
        };
        // Nothing of what came was asked for: no reason to wake the client.
        if !text.is_empty() {
            return Some((Ok(text.into()), telling));
        }
    }
    None
}

impl Telling {
    fn written(&self, items: &[Item]) -> String {
        let asked = items.iter().filter(|item| self.kinds.is_empty() || self.kinds.contains(&item.news.kind()));
        let one = |item: &Item| {
            let place = self.reader.place_of(item.number);
            Some(message(item.news.kind().as_str(), Some(&place), &data(&item.news)?))
        };
        asked.filter_map(one).collect()
    }
}

/// What is gone, and where the stream goes on.
#[derive(Serialize)]
struct Reset<'a> {
    reason: &'a str,
    /// The id of the oldest event that is kept; all from there on follow.
    oldest: String,
}

#[derive(Serialize)]
struct End {
    reason: &'static str,
}

/// The first words: how long to wait before coming back, and the place to name then.
fn opening(reader: &FeedReader) -> String {
    match reader.begin() {
        Begin::Here | Begin::There => format!("retry: 1000\nid: {}\n\n", reader.place()),
        Begin::Elsewhere(oldest) => format!("retry: 1000\n{}", reset(reader, "unknown", oldest)),
    }
}

fn reset(reader: &FeedReader, reason: &str, oldest: u64) -> String {
    message("reset", Some(&reader.place()), &Reset { reason, oldest: reader.place_of(oldest) })
}

fn message(event: &str, id: Option<&str>, data: &impl Serialize) -> String {
    // Plain structs with text keys: serialization cannot fail. JSON has no line breaks of its own.
    let data = serde_json::to_string(data).unwrap_or_default();
    match id {
        Some(id) => format!("event: {event}\nid: {id}\ndata: {data}\n\n"),
        None => format!("event: {event}\ndata: {data}\n\n"),
    }
}
