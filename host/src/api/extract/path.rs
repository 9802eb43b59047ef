//! The one variable segment of a path, decoded and parsed.

use std::str::FromStr;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::api::error::ApiError;

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
        match segment {
            Ok(Path(text)) => Ok(Self(text.parse()?)),
            Err(_) => Err(ApiError::new(
                crate::api::error::Code::InvalidParameter,
                "the path is not valid UTF-8 after percent-decoding",
            )),
        }
    }
}
