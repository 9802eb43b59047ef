//! Where reports are kept between two commands: `SANDPIT_CACHE_DIR`, or `sandpit` in the user's cache folder.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::backtest::cache::ReportCache;

/// The folder of the user; none where the system names none.
pub(in crate::cli) fn folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let of_user = || named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache"))).map(|dir| dir.join("sandpit"));
    named("SANDPIT_CACHE_DIR").or_else(of_user)
}

/// The reports of this very program; none when there is no place for them, which is no reason not to run.
pub(super) fn reports() -> Option<ReportCache> {
    let about = std::fs::metadata(std::env::current_exe().ok()?).ok()?;
    // Its version alone would be the same for every build of a developer.
    let build = format!("{} {} {}.{}", env!("CARGO_PKG_VERSION"), about.len(), about.mtime(), about.mtime_nsec());
    ReportCache::open(&folder()?.join("reports"), build).ok()
}
