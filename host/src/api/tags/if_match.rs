//! `If-Match: "<hash>"`: where the client believes the tag to point (RFC 9110, 13.1.1; decision 11).

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::api::error::{ApiError, Code};
use crate::base::Digest;

/// The revision that the tag must still point to; absent when the client does not care.
#[derive(Debug)]
pub(crate) struct IfMatch(pub(super) Option<Digest>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        let hash = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).parse();
        match hash {
            Ok(hash) if values.next().is_none() => Ok(Self(Some(hash))),
            _ => Err(ApiError::new(Code::InvalidParameter, "If-Match takes one hash in quotes: \"sha256:<64 hex>\"")),
        }
    }
}
