//! `sandpit dev`: a folder is watched, and whatever is saved in it is built, played, tested and, when asked for, uploaded at once.
//! `folder` says what lies in it, `watch` hears what is saved, `round` does the work, `figures` compares two rounds, `shown` tells
//! people, `push` uploads.

mod figures;
mod folder;
mod push;
mod round;
mod shown;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use super::Failure;
use super::backtest::{key_value, on_interrupt};
use super::bundle;
use super::client::ServerArgs;
use super::output::Output;
use super::progress::Progress;
use crate::backtest::Watch;
use crate::base::{Clock as _, SystemClock, Timestamp};
use figures::Figures;
use push::{Push, Target};
use round::{Round, Rounds};
use watch::{Told, Watcher};

/// Watches a folder: on every save it builds the strategy, plays a tape, runs the scenarios, and shows what changed.
///
/// The strategy of a folder is its `strategy.js`, `strategy.ts` or the like, also below `src`, or its only script. Played is the only
/// tape of the folder, else the built-in `btcusdt-20240808`. Orders are really sent to the paper venue, also by strategies whose
/// `dry_run` is true by default: say `--config dry_run=true` to have them only logged. A round is green when the strategy compiles,
/// nothing throws or faults, and every scenario holds. Ctrl-C ends it with exit code 0.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder, or the file of the strategy, whose folder is watched.
    #[arg(value_name = "DIR|FILE", default_value = ".")]
    what: PathBuf,
    /// Play this instead: a built-in tape (`btcusdt-20240808`, `ethusdt-20240808`) or a file; may be repeated.
    #[arg(long, value_name = "[PROVIDER:][SYMBOL=]FILE|TAPE")]
    data: Vec<String>,
    /// A field of the strategy's configuration for the tape; may be repeated.
    #[arg(long = "config", value_name = "KEY=VALUE", value_parser = key_value)]
    config: Vec<(String, String)>,
    /// Upload every new source whose round is green to a running host, and move this tag to it.
    #[arg(long, value_name = "NAME:TAG")]
    push: Option<Target>,
    /// One round, without watching: exit code 1 when it is not green.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = Output::default();
    let clock = Arc::new(SystemClock::new());
    let began = clock.now();
    let root = root(&args.what)?;
    let push = args.push.clone().map(|target| Ok(Push::new(args.server.client(output)?, target))).transpose()?;
    let end = Arc::new(Watch::default());
    let work = Rounds::new(args.what.clone(), args.data.clone(), args.config.clone(), Arc::clone(&end))?;
    let (before, trouble) = (None, Vec::new());
    let mut desk = Desk { work, push, before, trouble, number: 0, redraws: !args.once, clock: Arc::clone(&clock), output };
    if args.once {
        return match desk.round(began) {
            Held::Green => Ok(()),
            Held::Red => Err(Failure::Answered),
            Held::Untried(words) => Err(Failure::Usage(words)),
        };
    }
    let (sender, told) = channel();
    let interrupted = sender.clone();
    on_interrupt(move || {
        end.cancel();
        // Whoever listened has ended already.
        drop(interrupted.send(Told::Ended));
    })?;
    // Before the first round: what is saved while it runs has its own.
    let mut watcher = Watcher::new(root, Arc::clone(&clock), sender).map_err(Failure::Usage)?;
    let mut since = began;
    loop {
        desk.round(since);
        if desk.work.has_ended() {
            return Ok(());
        }
        output.text(&format!("watching {}; Ctrl-C ends", bundle::shown(watcher.root())));
        match next(&told, &mut watcher, &clock, &mut desk.trouble) {
            Some(saved) => since = saved,
            None => return Ok(()),
        }
    }
}

/// The folder that is watched.
fn root(what: &Path) -> Result<PathBuf, Failure> {
    let about = std::fs::metadata(what).map_err(|error| Failure::Usage(format!("{}: {error}", what.display())))?;
    let parent = || what.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(if about.is_dir() { what.to_owned() } else { parent().to_owned() })
}

/// Waits until something was saved and no more follows; when the first of it was. None when it is to end. What
/// is wrong with watching goes to `trouble`: something may not have been heard of, and a round is the answer.
fn next(told: &Receiver<Told>, watcher: &mut Watcher, clock: &SystemClock, trouble: &mut Vec<String>) -> Option<Timestamp> {
    let mut debouncer = watch::Debouncer::default();
    loop {
        let heard = told.recv_timeout(debouncer.wait(clock.now()).unwrap_or(watch::LOOK_EVERY)).ok();
        if heard.is_none() && watcher.is_lost() {
            // The folder went, and what came in its place is another.
            watcher.tend().into_iter().for_each(|_| debouncer.hear(clock.now()));
        }
        for heard in heard.into_iter().chain(told.try_iter()) {
            match heard {
                Told::Saved(at) => debouncer.hear(at),
                Told::Moved(at) => match watcher.tend() {
                    Ok(false) => {}
                    Ok(true) => debouncer.hear(at),
                    Err(words) => {
                        trouble.push(words);
                        debouncer.hear(at);
                    }
                },
                Told::Trouble(words, at) => {
                    trouble.push(words);
                    debouncer.hear(at);
                }
                Told::Ended => return None,
            }
        }
        if let Some(first) = debouncer.take(clock.now()) {
            return Some(first);
        }
    }
}

/// How a round ended.
enum Held {
    Green,
    Red,
    Untried(String),
}

/// What goes on from one round to the next.
struct Desk {
    work: Rounds,
    push: Option<Push>,
    /// Of the last round that had any.
    before: Option<Figures>,
    /// What was wrong with watching since the last round.
    trouble: Vec<String>,
    number: u64,
    /// Whether a terminal shows the last round only.
    redraws: bool,
    clock: Arc<SystemClock>,
    output: Output,
}

impl Desk {
    /// One round, told on the way. `since` is when what it answers was saved.
    fn round(&mut self, since: Timestamp) -> Held {
        self.number += 1;
        let waiting = Progress::waiting(format!("round {}", self.number));
        let round = self.work.run();
        drop(waiting);
        if self.work.has_ended() {
            return Held::Red;
        }
        if self.redraws {
            // Not before: the last round is there to be read while this one works.
            self.output.fresh();
        }
        let figures = Figures::of(&round);
        self.output.table(&shown::text(&round, figures.as_ref(), self.before.as_ref(), self.output));
        let took = self.clock.now().since(since);
        self.output.text(&shown::verdict(&round, self.number, took, self.output));
        if figures.is_some() {
            self.before = figures;
        }
        self.trouble.drain(..).for_each(|words| self.output.note(&format!("sandpit: {words}")));
        let pushed = match (&mut self.push, round.pushable()) {
            (Some(push), Some(source)) => push.offer(source),
            _ => Ok(None),
        };
        match pushed {
            Ok(words) => words.into_iter().for_each(|words| self.output.text(&words)),
            Err(words) => {
                self.output.text(&format!("{} {words}", self.output.red("not pushed:")));
                return Held::Red;
            }
        }
        held(round)
    }
}

fn held(round: Round) -> Held {
    match round {
        Round { untried: Some(words), .. } => Held::Untried(words),
        round if round.is_green() => Held::Green,
        _ => Held::Red,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_its_folder_is_watched() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.js");
        std::fs::write(&file, "").unwrap();
        assert!(root(&file).is_ok_and(|root| root == dir.path()));
        assert!(root(dir.path()).is_ok_and(|root| root == dir.path()));
        assert!(matches!(root(&dir.path().join("no")), Err(Failure::Usage(words)) if words.contains("no: ")));
    }
}
