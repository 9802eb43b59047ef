//! What the client saw last of a tag: `If-Match: "<hash>"`, or `If-None-Match: *` for a tag that was not there (RFC 9110, 13.1;
//! decision 11).

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use serde_json::json;

use crate::api::error::{ApiError, Code};
use crate::api::openapi::{Operation, Takes};
use crate::catalogue::Expected;

/// Where the tag must still point.
#[derive(Debug)]
pub(crate) struct IfMatch(pub(super) Expected);

impl Takes for IfMatch {
    fn describe(operation: &mut Operation<'_>) {
        let hash = "(sha256:)?[0-9A-Fa-f]{64}";
        let hash = json!({ "type": "string", "pattern": format!("^(\"{hash}\"|{hash})$") });
        let text = "The revision that the tag still points to, in quotes: the last `ETag`.";
        operation.parameter(json!({ "name": "If-Match", "in": "header", "description": text, "schema": hash }));
        let star = json!({ "type": "string", "enum": ["*"] });
        let text = "The tag must not be there yet. Not together with `If-Match`.";
        operation.parameter(json!({ "name": "If-None-Match", "in": "header", "description": text, "schema": star }));
        operation.refuses(&[Code::InvalidParameter]);
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let one = |name| {
            let mut values = parts.headers.get_all(name).iter();
            (values.next().map(|value| value.to_str().unwrap_or_default().trim()), values.next().is_some())
        };
        let refused = |rule: &str| Err(ApiError::new(Code::InvalidParameter, rule));
        match (one(header::IF_MATCH), one(header::IF_NONE_MATCH)) {
            ((None, _), (None, _)) => Ok(Self(Expected::Anything)),
            ((None, _), (Some("*"), false)) => Ok(Self(Expected::Nothing)),
            ((Some(text), false), (None, _)) => {
                let hash = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).parse();
                hash.map_or_else(
                    |_| refused("If-Match takes one hash in quotes: \"sha256:<64 hex>\""),
                    |hash| Ok(Self(Expected::Revision(hash))),
                )
            }
            _ => refused("a tag takes either one If-Match with a hash in quotes, or `If-None-Match: *` when it must be new"),
        }
    }
}
