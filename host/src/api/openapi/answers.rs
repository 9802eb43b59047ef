//! What handlers answer, as types that say status, headers and body. `impl IntoResponse` says nothing and does not compile.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, NoContent, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Operation, schemas};
use crate::api::error::ApiError;
use crate::base::Digest;

/// An answer, which adds itself to the description.
pub(crate) trait Answers {
    /// Adds it.
    fn describe(operation: &mut Operation<'_>);
}

/// 201 with where the new thing is.
#[derive(Debug)]
pub(crate) struct Created<T> {
    /// Its path.
    pub(crate) location: String,
    /// What it is.
    pub(crate) view: T,
}

/// 202: it is on record, and what follows from that is not waited for.
#[derive(Debug)]
pub(crate) struct Begun<T>(pub(crate) T);

/// The same with where the new thing is.
#[derive(Debug)]
pub(crate) struct BegunAt<T> {
    /// Its path.
    pub(crate) location: String,
    /// What it is.
    pub(crate) view: T,
}

/// 201 for what is new, 200 for what was there already.
#[derive(Debug)]
pub(crate) enum Stored<T> {
    /// It was not there before.
    New(T),
    /// It was there.
    Known(T),
}

/// 200 with the revision that a tag points to now, as an entity tag for the next `If-Match`.
#[derive(Debug)]
pub(crate) struct Tagged<T> {
    /// Where the tag points.
    pub(crate) hash: Digest,
    /// The answer.
    pub(crate) view: T,
}

impl<T: Answers> Answers for Result<T, ApiError> {
    fn describe(operation: &mut Operation<'_>) {
        T::describe(operation);
    }
}

impl<T: ToSchema> Answers for Json<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_json::<T>(200, "Done.");
    }
}

impl Answers for NoContent {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_with(204, "Done; there is nothing to say.", None, &[]);
    }
}

impl<T: ToSchema> Answers for Created<T> {
    fn describe(operation: &mut Operation<'_>) {
        let body = operation.reference::<T>();
        let location = ("Location", "The path of what was made.", json!({ "type": "string", "pattern": "^/" }));
        operation.answers_with(201, "It was made.", Some(("application/json", body)), &[location]);
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, [(header::LOCATION, self.location)], Json(self.view)).into_response()
    }
}

const BEGUN: &str = "It is on record; what follows from that is not waited for.";

impl<T: ToSchema> Answers for Begun<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_json::<T>(202, BEGUN);
    }
}

impl<T: Serialize> IntoResponse for Begun<T> {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json(self.0)).into_response()
    }
}

impl<T: ToSchema> Answers for BegunAt<T> {
    fn describe(operation: &mut Operation<'_>) {
        let body = operation.reference::<T>();
        let location = ("Location", "The path of what was made.", json!({ "type": "string", "pattern": "^/" }));
        operation.answers_with(202, BEGUN, Some(("application/json", body)), &[location]);
    }
}

impl<T: Serialize> IntoResponse for BegunAt<T> {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, [(header::LOCATION, self.location)], Json(self.view)).into_response()
    }
}

impl<T: ToSchema> Answers for Stored<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_json::<T>(200, "It was there already.");
        operation.answers_json::<T>(201, "It is new.");
    }
}

impl<T: Serialize> IntoResponse for Stored<T> {
    fn into_response(self) -> Response {
        match self {
            Self::New(view) => (StatusCode::CREATED, Json(view)).into_response(),
            Self::Known(view) => Json(view).into_response(),
        }
    }
}

impl<T: ToSchema> Answers for Tagged<T> {
    fn describe(operation: &mut Operation<'_>) {
        let body = operation.reference::<T>();
        let mut hash = schemas::inline::<Digest>();
        hash["pattern"] = json!("^\"sha256:[0-9a-f]{64}\"$");
        let etag = ("ETag", "The revision that the tag points to now, in quotes.", hash);
        operation.answers_with(200, "Done.", Some(("application/json", body)), &[etag]);
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, format!("\"{}\"", self.hash))], Json(self.view)).into_response()
    }
}
