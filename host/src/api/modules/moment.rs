//! `?at=<time>`: what a selector meant then.

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters};
use crate::base::Timestamp;

pub(crate) struct Moment {
    /// Absent: now.
    pub(super) at: Option<Timestamp>,
}

impl FromQuery for Moment {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self {
            at: parameters.says("What the selector meant then, from 1970 to 2553; without it what it means now.").time("at")?,
        })
    }
}
