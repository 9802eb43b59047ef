//! The loop of a backtest: everything that is due before the next record of the recordings, in order of time, then the record.

use std::sync::Arc;

use super::report::PlayReport;
use super::request::{PlayError, PlayRequest, Watch};
use super::stage::Stage;
use super::table::Table;
use super::table_venue::TableVenue;
use crate::base::{ManualClock, Timestamp};

/// Whoever watches is told after so many records.
const TELL_EVERY: u64 = 1024;

/// Plays it to the end of the recordings. Blocks the thread: some seconds per million events.
///
/// # Errors
/// [`PlayError`]; a fault of the guest is no error but part of the report.
pub fn play(request: PlayRequest) -> Result<PlayReport, PlayError> {
    let program = Arc::clone(&request.program);
    program.with_room(|| play_here(request))
}

fn play_here(request: PlayRequest) -> Result<PlayReport, PlayError> {
    let mut player = Player::new(request)?;
    player.run()?;
    Ok(player.stage.close())
}

/// The same by the long way: every event by the bus, every call on a fiber.
#[cfg(test)]
pub(super) fn play_by_the_long_way(request: PlayRequest) -> Result<PlayReport, PlayError> {
    let mut player = Player::new(request)?;
    player.stage.take_no_short_cuts();
    player.run()?;
    Ok(player.stage.close())
}

/// What the venues play, and the stage that they play it on.
struct Player {
    venues: Vec<Arc<TableVenue>>,
    stage: Stage,
    watch: Arc<Watch>,
}

impl Player {
    fn new(request: PlayRequest) -> Result<Self, PlayError> {
        let starts = request.venues.iter().map(|venue| venue.market.start());
        let clock = Arc::new(ManualClock::new(starts.min().unwrap_or_default()));
        let venues = request.venues.iter().map(|venue| TableVenue::new(venue, Arc::clone(&clock), &request.chaos));
        let venues = venues.collect::<Result<Vec<_>, _>>()?;
        let tables = venues.iter().map(|venue| Arc::clone(venue) as Arc<dyn Table>).collect();
        let watch = Arc::clone(&request.watch);
        let feeds = request.feeds()?;
        Ok(Self { venues, stage: Stage::new(request, feeds, tables, clock)?, watch })
    }

    fn run(&mut self) -> Result<(), PlayError> {
        self.stage.open()?;
        roll(&mut self.stage, &self.venues, &self.watch)?;
        self.stage.end()
    }
}

/// Plays the recordings of these venues, which sit on the stage in this order, to their end.
pub(super) fn roll(stage: &mut Stage, venues: &[Arc<TableVenue>], watch: &Watch) -> Result<(), PlayError> {
    let mut records = 0;
    while let Some((at, seat)) = next_record(venues) {
        stage.advance(at)?;
        stage.hear_of(seat, |told| venues[seat].take_record(told))?;
        records += 1;
        if records % TELL_EVERY == 0 {
            watch.tell(records)?;
        }
    }
    watch.tell(records)
}

/// When the next record comes, and at which venue; of two at the same time, that of the venue named first.
fn next_record(venues: &[Arc<TableVenue>]) -> Option<(Timestamp, usize)> {
    let next = |(place, venue): (usize, &Arc<TableVenue>)| venue.next_record().map(|at| (at, place));
    venues.iter().enumerate().filter_map(next).min()
}
