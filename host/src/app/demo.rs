//! The two instances of `serve --demo`: real strategies with real (paper) orders on the seeded tapes.

use serde_json::{Value, json};

use super::{App, AppError};
use crate::instances::{InstanceError, LaunchRequest};

/// The provider that an empty data directory is seeded with.
pub const PROVIDER: &str = "binance-paper";

/// Ids of the demo's instances.
pub const INSTANCES: [&str; 2] = ["demo-momentum", "demo-marketmaking"];

impl App {
    /// Creates the instances of the demo where they are missing, and starts those that do not run.
    ///
    /// # Errors
    /// Whatever keeps one of them from running.
    pub async fn launch_demo(&self) -> Result<(), AppError> {
        for body in [momentum(), market_making()] {
            let id = body["id"].as_str().unwrap_or_default().to_owned();
            if matches!(self.instances().get(&id), Err(InstanceError::NotFound)) {
                // The body is ours: it decodes.
                let request: LaunchRequest = serde_json::from_value(body).unwrap_or_default();
                self.instances().create(request).await?;
            }
            match self.instances().start(&id).await {
                Ok(_) | Err(InstanceError::AlreadyRunning) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Reacts to a move of half a hundredth of a percent within twenty trades: these minutes of the market have one every ten
/// seconds or so.
fn momentum() -> Value {
    json!({
        "id": INSTANCES[0],
        "strategy": {
            "identifier": "momentum",
            "config": {
                "dry_run": false,
                "lookback_period": 20,
                "momentum_threshold": 0.005,
                "order_size": "0.001",
                "cooldown": "5s",
            },
        },
        "scope": { PROVIDER: { "symbols": ["BTC-USDT"] } },
    })
}

/// Quotes close enough to the touch that the market comes by.
fn market_making() -> Value {
    json!({
        "id": INSTANCES[1],
        "strategy": {
            "identifier": "marketmaking",
            "config": { "dry_run": false, "spread_bps": 1, "order_size": "0.01", "max_open_orders": 1 },
        },
        "scope": { PROVIDER: { "symbols": ["ETH-USDT"] } },
    })
}
