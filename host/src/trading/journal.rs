//! Where orders become durable.

/// Writes orders and executions behind the desk's back; group commit, in order.
pub struct Journal {}
