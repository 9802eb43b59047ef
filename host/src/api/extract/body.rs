//! The JSON body of a request: read within the limits, taken strictly.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use http_body_util::{BodyExt as _, LengthLimitError};
use serde::de::DeserializeOwned;
use tower_http::timeout::TimeoutError;

use crate::api::error::{ApiError, Code};

/// A JSON body as `T`, which must refuse unknown fields itself (`deny_unknown_fields`).
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        declared_json(&request)?;
        parse(&collect(request).await?).map(Self)
    }
}

/// The same where the body may be left out.
#[derive(Debug)]
pub(crate) struct MaybeBody<T>(pub(crate) Option<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for MaybeBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let declared = declared_json(&request);
        let bytes = collect(request).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        declared?;
        parse(&bytes).map(|body| Self(Some(body)))
    }
}

fn declared_json(request: &Request) -> Result<(), ApiError> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(is_json) {
        return Ok(());
    }
    let message =
        format!("the body must be JSON with `Content-Type: application/json`, not `{}`", content_type.unwrap_or("none"));
    Err(ApiError::new(Code::UnsupportedMediaType, message))
}

/// Length and time are limited by layers around the body; what they say arrives here as an error of the stream.
async fn collect(request: Request) -> Result<Bytes, ApiError> {
    Ok(request.into_body().collect().await.map_err(|error| unreadable(&error))?.to_bytes())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde reads an array as a structure whose fields come in order, which no client of ours can mean.
    if bytes.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
        return Err(ApiError::new(Code::InvalidBody, "the body must be a JSON object"));
    }
    serde_json::from_slice(bytes).map_err(|error| refused(&error))
}

/// `application/json` or a type that ends in `+json`, with or without parameters.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn unreadable(error: &axum::Error) -> ApiError {
    if caused_by::<LengthLimitError>(error) {
        return ApiError::new(Code::BodyTooLarge, "the body is longer than api.limits.bodyBytes of this host allows");
    }
    if caused_by::<TimeoutError>(error) {
        return ApiError::new(Code::RequestTimeout, "the body did not arrive within api.limits.bodyReadMs of this host");
    }
    ApiError::new(Code::InvalidBody, "the body broke off before its end")
}

fn caused_by<E: std::error::Error + 'static>(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// serde words its refusals well and names fields; only the kind is ours to tell.
fn refused(error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    let code = if text.starts_with("unknown field") { Code::UnknownField } else { Code::InvalidBody };
    ApiError::new(code, format!("body: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_what_forms_can_send() {
        for good in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
            assert!(is_json(good), "{good}");
        }
        for bad in
            ["", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"]
        {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
