//! The variable segments of a path, decoded and parsed.

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
        let path: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        match path {
            Ok(Path(text)) => read(&text).map(Self),
            Err(_) => Err(undecodable()),
        }
    }
}

/// The two `{...}` of a route.
#[derive(Debug)]
pub(crate) struct Segments<T, U>(pub(crate) T, pub(crate) U);

impl<S, T, U> FromRequestParts<S> for Segments<T, U>
where
    S: Send + Sync,
    T: FromStr,
    U: FromStr,
    ApiError: From<T::Err> + From<U::Err>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path: Result<Path<(String, String)>, PathRejection> = Path::from_request_parts(parts, state).await;
        match path {
            Ok(Path((first, second))) => Ok(Self(read(&first)?, read(&second)?)),
            Err(_) => Err(undecodable()),
        }
    }
}

fn read<T: FromStr>(text: &str) -> Result<T, ApiError>
where
    ApiError: From<T::Err>,
{
    // Trimming would let two spellings mean the same thing, one of which logs and people cannot see.
    if text.trim() != text {
        return Err(ApiError::new(Code::InvalidParameter, "the path begins or ends a segment with white space"));
    }
    Ok(text.parse()?)
}

fn undecodable() -> ApiError {
    ApiError::new(Code::InvalidParameter, "the path is not valid UTF-8 after percent-decoding")
}
