//! One strategy over the same data with many configurations: a grid over some fields, on all cores. The order of the results is
//! that of the grid, whatever the number of jobs. Must not know how it is shown.

mod axis;
mod point;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::play::play;
use super::request::{PlayError, PlayRequest, Watch};
use crate::compile::check_config;

pub use axis::{Axis, AxisError, POINTS, points};
pub use point::{Figures, Rank, Ranking, SweepPoint};

/// What to sweep.
pub struct Sweep {
    /// What all points have in common. Its watch ends the whole sweep.
    pub base: PlayRequest,
    /// The fields that vary; the last one fastest.
    pub axes: Vec<Axis>,
    /// Points that are played at the same time; each needs a guest of the sandbox.
    pub jobs: NonZeroUsize,
    /// Points that are done.
    pub done: Arc<AtomicUsize>,
}

/// Plays every point. Blocks the thread.
///
/// # Errors
/// [`PlayError::Cancelled`] when whoever waits for it does not any more. A point that cannot be played says so in its row.
pub fn sweep(sweep: &Sweep) -> Result<Vec<SweepPoint>, PlayError> {
    let count = sweep.axes.iter().map(|axis| axis.values.len()).product::<usize>();
    let (next, played) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(count)));
    let work = || -> Result<(), PlayError> {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                return Ok(());
            }
            let point = one(sweep, place)?;
            played.lock().unwrap_or_else(PoisonError::into_inner).push((place, point));
            sweep.done.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..sweep.jobs.get().min(count)).map(|_| scope.spawn(work)).collect();
        let own = work();
        // A panic of a thread is a bug of ours and goes on here.
        let ended = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ended.fold(own, Result::and)
    })?;
    let mut played = played.into_inner().unwrap_or_else(PoisonError::into_inner);
    played.sort_unstable_by_key(|(place, _)| *place);
    Ok(played.into_iter().map(|(_, point)| point).collect())
}

/// Plays the point at this place of the grid.
fn one(sweep: &Sweep, place: usize) -> Result<SweepPoint, PlayError> {
    let varied = values_at(&sweep.axes, place);
    let mut config = sweep.base.config.clone();
    config.extend(varied.clone());
    let row = |figures, error| Ok(SweepPoint { config: varied.clone(), figures, error });
    let config = match check_config(sweep.base.program.metadata(), &config) {
        Ok(config) => config,
        Err(issues) => return row(None, Some(issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))),
    };
    // Its records are nobody's business, its end is everybody's.
    let watch = Arc::new(Watch::under(&sweep.base.watch));
    match play(PlayRequest { config, watch, ..sweep.base.clone() }) {
        Ok(report) => row(Some(Figures::of(&report)), report.faults.first().map(|fault| fault.fault.to_string())),
        Err(PlayError::Cancelled) => Err(PlayError::Cancelled),
        Err(error) => row(None, Some(error.to_string())),
    }
}

/// The values of a point: like the digits of its place, the last axis first.
fn values_at(axes: &[Axis], mut place: usize) -> Map<String, Value> {
    let mut values: Vec<(String, Value)> = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        let count = axis.values.len().max(1);
        values.extend(axis.values.get(place % count).map(|value| (axis.field.clone(), value.clone())));
        place /= count;
    }
    values.into_iter().rev().collect()
}
