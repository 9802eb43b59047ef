//! Why the host did not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::backtest::jobs::JobsError;
use crate::catalogue::CatalogueError;
use crate::compile::CompileError;
use crate::instances::InstanceError;
use crate::sandbox::SandboxError;
use crate::store::StoreError;

/// The floor that could not be built.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}; choose another address with --listen")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The data directory cannot be made.
    #[error("cannot make the data directory {}: {source}; choose another with --data-dir", path.display())]
    DataDir {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The admin token cannot be read or made.
    #[error("admin token: {0}")]
    Token(#[source] io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The WebAssembly runtime.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The compiler or its cache.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The strategies.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Backtests of the last run.
    #[error(transparent)]
    Backtests(#[from] JobsError),
    /// An instance of the demo.
    #[error(transparent)]
    Instance(#[from] InstanceError),
}
