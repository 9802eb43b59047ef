//! Who asks: as authenticated, as claimed, and under which request id. What changes revisions or tags goes on record with it.

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;

use crate::api::envelope::RequestId;
use crate::api::error::{ApiError, Code};
use crate::catalogue::Cause;

/// The header in which a client says for whom it acts. Nobody checks it; the history keeps it apart from what was checked.
const ACTOR: HeaderName = HeaderName::from_static("sandpit-actor");

/// Most characters of a reason.
pub(crate) const REASON_CHARS: usize = 500;

/// Whom the token belongs to; put into the request where it is checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity(pub(crate) &'static str);

/// Who asks.
#[derive(Debug)]
pub(crate) struct By(Cause);

impl By {
    /// What [`well_formed`] takes, as a regular expression.
    pub(crate) const ACTOR_PATTERN: &'static str = "^[A-Za-z0-9@._-]{1,64}$";

    /// With the reason that was given, if any.
    pub(crate) fn because(self, reason: Option<String>) -> Result<Cause, ApiError> {
        let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_CHARS) {
            return Err(ApiError::new(Code::InvalidParameter, format!("reason is longer than {REASON_CHARS} characters")));
        }
        Ok(Cause { reason, ..self.0 })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let who = parts.extensions.get::<Identity>().map_or("anonymous", |identity| identity.0).to_owned();
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        let actor = match parts.headers.get(ACTOR) {
            None => None,
            Some(value) => match value.to_str() {
                Ok(actor) if well_formed(actor) => Some(actor.to_owned()),
                _ => {
                    let rule = "the header Sandpit-Actor takes 1 to 64 letters, digits, `@`, `.`, `_` and `-`";
                    return Err(ApiError::new(Code::InvalidParameter, rule));
                }
            },
        };
        Ok(Self(Cause { who, actor, request_id, reason: None }))
    }
}

fn well_formed(actor: &str) -> bool {
    (1..=64).contains(&actor.len()) && actor.bytes().all(|b| b.is_ascii_alphanumeric() || b"@._-".contains(&b))
}
