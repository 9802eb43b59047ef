//! `clock`: the event's time, sleep, timers. Never the machine's time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use super::READ;
use crate::sandbox::fault::FaultCode;
use crate::sandbox::log::LogLevel;
use crate::sandbox::state::{Ended, Live, Pace, Phase, State, enter};

/// Price of a sleep and of setting a timer.
const SET: u64 = 2_000;

pub(super) fn link(interface: &mut LinkerInstance<'_, State>, by_hand: bool) -> wasmtime::Result<()> {
    interface.func_wrap("now", |mut cx: StoreContextMut<'_, State>, (): ()| {
        let live = enter(&mut cx, READ)?;
        Ok((live.seen.as_nanos(),))
    })?;
    if by_hand {
        interface.func_wrap("sleep", |mut cx: StoreContextMut<'_, State>, (nanoseconds,): (u64,)| {
            let live = enter(&mut cx, SET)?;
            let Some(duration) = allowed(live, Duration::from_nanos(nanoseconds))? else { return Ok(()) };
            if matches!(live.pace, Pace::Live(_)) {
                return Err(Ended::new(FaultCode::HostBug, "nobody may wait where time is moved by hand").into());
            }
            live.advance(duration);
            Ok(())
        })?;
    } else {
        link_waiting(interface)?;
    }
    interface.func_wrap("set-timer", |mut cx: StoreContextMut<'_, State>, (timer, delay, repeat): (u32, u64, bool)| {
        let live = enter(&mut cx, SET)?;
        Ok((live.timers.set(timer, live.now, Duration::from_nanos(delay), repeat),))
    })?;
    interface.func_wrap("clear-timer", |mut cx: StoreContextMut<'_, State>, (timer,): (u32,)| {
        enter(&mut cx, READ)?.timers.clear(timer);
        Ok(())
    })
}

/// A sleep that really waits.
fn link_waiting(interface: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    interface.func_wrap_async("sleep", |mut cx: StoreContextMut<'_, State>, (nanoseconds,): (u64,)| {
        Box::new(async move {
            let live = enter(&mut cx, SET)?;
            let Some(duration) = allowed(live, Duration::from_nanos(nanoseconds))? else { return Ok(()) };
            let (pace, until) = (live.pace.clone(), live.now.plus(duration));
            if let Pace::Live(clock) = pace {
                let cancel: CancellationToken = cx.data().cancel.clone();
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => {
                        return Err(Ended::new(FaultCode::Cancelled, "the instance was asked to end while it slept").into());
                    }
                    () = clock.sleep_until(until) => {}
                }
            }
            if let Some(live) = cx.data_mut().live.as_mut() {
                live.advance(duration);
            }
            Ok(())
        })
    })
}

/// How long the guest really sleeps; none when not at all.
fn allowed(live: &mut Live, asked: Duration) -> Result<Option<Duration>, Ended> {
    if live.phase == Phase::Create {
        live.note(LogLevel::Warn, "sleep does nothing in create: use setTimeout, or sleep in a handler");
        return Ok(None);
    }
    live.sleeps += 1;
    let most = live.limits.sleeps_per_event;
    if live.sleeps > most {
        return Err(Ended::new(FaultCode::HelperLimit, format!("more than limits.sleepsPerEvent = {most} sleeps in one event")));
    }
    let longest = Duration::from_millis(live.limits.sleep_max_ms);
    if asked > longest {
        let text = format!("sleep of {} ms cut to limits.sleepMaxMs = {} ms", asked.as_millis(), longest.as_millis());
        live.note(LogLevel::Warn, &text);
    }
    Ok(Some(asked.min(longest)).filter(|duration| !duration.is_zero()))
}
