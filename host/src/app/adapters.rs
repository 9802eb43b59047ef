//! x
use std::sync::Arc; use crate::base::lifecycle::Lifecycle; use crate::store::Store; use crate::trading::Desk; use super::AppError;
pub(super) async fn bring_up(_s:&Store,_d:&Arc<Desk>,_l:&Lifecycle)->Result<(),AppError>{todo!()}
