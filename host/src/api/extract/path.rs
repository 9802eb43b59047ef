//! The one variable segment of a path, decoded and parsed.

use std::str::FromStr;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::api::error::{ApiError, Code};

/// The `{...}` of a route as `T`. Percent-encoding is undone exactly once.
#[derive(Debug)]
pub(crate) struct Segment<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for Segment<T>
where
    S: Send + Sync,
    T: FromStr,
    ApiError: From<T::Err>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let segment: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let refused = |what| Err(ApiError::new(Code::InvalidParameter, format!("the path {what}")));
        match segment {
            // Trimming would let two spellings mean the same thing, one of which logs and people cannot see.
            Ok(Path(text)) if text.trim() != text => refused("begins or ends a segment with white space"),
            Ok(Path(text)) => Ok(Self(text.parse()?)),
            Err(_) => refused("is not valid UTF-8 after percent-decoding"),
        }
    }
}
