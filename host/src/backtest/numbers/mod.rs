//! What a backtest reports: profit, risk and trades per quote currency, measured while it runs in memory that does not grow with
//! the number of events. `docs/backtest.md` defines each number. Must not know of guests or of how a run goes on.

mod equity;
mod grid;
mod ratios;
mod report;
mod round_trips;
mod series;
mod table;

pub(super) use equity::Measure;
pub use report::{EquityCurve, EquityGrid, Measured, Numbers, PriceCurve};
pub use round_trips::RoundTrip;
pub use table::trades_csv;
