//! What a source turned out to be, small enough to be known of every revision of a large directory: its metadata, or why it
//! is no strategy. Kept beside the native code; knows nothing of how.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::compile::Diagnostic;
use crate::sandbox::{FaultCode, Metadata};

/// To be raised when a rule changes that is not the engine's: what was judged by earlier rules is then judged again.
pub(super) const RULES: u32 = 1;

/// Metadata, or the diagnostics. See [`Compiler::judged`](crate::compile::Compiler::judged).
pub type Judgement = Result<Arc<Metadata>, Vec<Diagnostic>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kept {
    Strategy(Box<Metadata>),
    Diagnostics(Vec<Diagnostic>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Keeping<'a> {
    Strategy(&'a Metadata),
    Diagnostics(&'a [Diagnostic]),
}

/// Reads what [`to_bytes`] wrote; none when it was another version of this host.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<Judgement> {
    Some(match serde_json::from_slice(bytes).ok()? {
        Kept::Strategy(metadata) => Ok(Arc::new(*metadata)),
        Kept::Diagnostics(diagnostics) => Err(diagnostics),
    })
}

/// What is to be kept; none when the next try could end otherwise: the wall clock is no property of a source.
pub(super) fn to_bytes(judgement: Result<&Metadata, &[Diagnostic]>) -> Option<Vec<u8>> {
    let kept = match judgement {
        Ok(metadata) => Keeping::Strategy(metadata),
        Err(diagnostics) => {
            let chance = |diagnostic: &Diagnostic| diagnostic.code == Some(FaultCode::DeadlineExceeded);
            if diagnostics.iter().any(chance) {
                return None;
            }
            Keeping::Diagnostics(diagnostics)
        }
    };
    serde_json::to_vec(&kept).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::Stage;

    #[test]
    fn what_is_kept_is_read_again() {
        let mut refused = Diagnostic::new(Stage::Execute, "message", "hint");
        refused.line = Some(3);
        refused.code = Some(FaultCode::FuelExhausted);
        let bytes = to_bytes(Err(std::slice::from_ref(&refused))).unwrap();
        assert_eq!(from_bytes(&bytes), Some(Err(vec![refused.clone()])));
        refused.code = Some(FaultCode::DeadlineExceeded);
        assert_eq!(to_bytes(Err(&[refused])), None, "a slow moment of the machine is not kept");
        assert_eq!(from_bytes(b"{}"), None);
        assert_eq!(from_bytes(br#"{"strategy":{}}"#), None);
    }
}
