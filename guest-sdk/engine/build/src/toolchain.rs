//! Finding the compilers and calling cargo so that the same sources give the same bytes in any folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

const TARGET: &str = "wasm32-wasip1";

/// The linear-memory stack of the module. JavaScript may use 320 KiB of it (`src/runtime.rs`); the rest is room for
/// native code that runs when that limit has been reached.
const LINEAR_STACK_BYTES: usize = 1 << 20;

const LLVM: &str = "/usr/lib/llvm-19";

/// Binaryen's optimiser of WebAssembly.
const OPTIMIZER: &str = "wasm-opt";

/// The C compiler for QuickJS and where its headers are.
enum CCompiler {
    /// Debian's clang-19, llvm-19, libclang1-19, libclang-rt-19-dev-wasm32 and wasi-libc.
    Debian,
    WasiSdk(PathBuf),
}

/// Where Rust's standard library for the target comes from.
enum RustLibrary {
    /// Installed by rustup.
    Installed,
    /// Built from Debian's rustc-web and rust-web-src.
    DebianSource,
}

pub struct Toolchain {
    c: CCompiler,
    library: RustLibrary,
    pub rustc_version: String,
    pub clang_version: String,
    pub binaryen_version: String,
}

impl Toolchain {
    /// `engine` matters because the toolchain file of the repository says which Rust it is.
    pub fn find(engine: &Path) -> Result<Toolchain> {
        let c = match std::env::var_os("WASI_SDK_PATH").or_else(|| std::env::var_os("WASI_SDK")) {
            Some(sdk) => CCompiler::WasiSdk(PathBuf::from(sdk)),
            None if Path::new(LLVM).join("bin/clang").exists() => CCompiler::Debian,
            None => bail!(
                "no C compiler for WebAssembly: install clang-19 llvm-19 libclang1-19 libclang-rt-19-dev-wasm32 wasi-libc, \
                 or set WASI_SDK_PATH to a WASI SDK"
            ),
        };
        let sysroot = PathBuf::from(first_line(Command::new("rustc").current_dir(engine).args(["--print", "sysroot"]))?);
        let library = if sysroot.join("lib/rustlib").join(TARGET).join("lib").exists() {
            RustLibrary::Installed
        } else if Path::new("/usr/bin/rustc").exists() && Path::new("/usr/lib/rustlib/src").exists() {
            RustLibrary::DebianSource
        } else {
            bail!(
                "Rust's library for {TARGET} is missing: `rustup target add {TARGET}`, or install Debian's rustc-web \
                 rust-web-src cargo-web lld-19"
            );
        };
        let rustc = match library {
            RustLibrary::Installed => "rustc",
            RustLibrary::DebianSource => "/usr/bin/rustc",
        };
        let rustc_version = first_line(Command::new(rustc).current_dir(engine).arg("--version"))?;
        let clang_version = first_line(Command::new(c.clang()).arg("--version"))?;
        let binaryen_version = first_line(Command::new(OPTIMIZER).arg("--version"))
            .context("Binaryen's wasm-opt is missing: install Debian's binaryen, or a release of it on the path")?;
        Ok(Toolchain { c, library, rustc_version, clang_version, binaryen_version })
    }

    /// Compiles the crate and gives the linked module, optimised as a whole.
    pub fn compile(&self, engine: &Path, target: &Path) -> Result<Vec<u8>> {
        let mut cargo = match self.library {
            RustLibrary::Installed => Command::new("cargo"),
            RustLibrary::DebianSource => Command::new("/usr/bin/cargo"),
        };
        for (name, _) in std::env::vars_os().filter(|(name, _)| changes_the_build(name)) {
            cargo.env_remove(name);
        }
        cargo
            .current_dir(engine)
            .args(["build", "--release", "--locked", "--target", TARGET, "--target-dir"])
            .arg(target)
            .env("RQUICKJS_SYS_NO_WASI_SDK", "1")
            .env("CC_wasm32_wasip1", self.c.clang())
            .env("AR_wasm32_wasip1", self.c.ar())
            .env("CFLAGS_wasm32_wasip1", self.c_flags(engine, target)?)
            .env("BINDGEN_EXTRA_CLANG_ARGS_wasm32_wasip1", self.c.system_flags())
            .env("CARGO_ENCODED_RUSTFLAGS", self.rust_flags(engine, target)?);
        if std::env::var_os("LIBCLANG_PATH").is_none() {
            cargo.env("LIBCLANG_PATH", self.c.libclang());
        }
        if let RustLibrary::DebianSource = self.library {
            cargo
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_WASIP1_LINKER", format!("{LLVM}/bin/wasm-ld"));
        }
        ensure!(cargo.status().context("starting cargo")?.success(), "the engine does not compile");
        optimize(&target.join(TARGET).join("release"))
    }

    /// Not `-O3`: what counts is the one function that interprets bytecode, and what clang adds to it there costs it registers.
    fn c_flags(&self, engine: &Path, target: &Path) -> Result<String> {
        let prelude = engine.join("prelude.h");
        let content = std::fs::read(&prelude).with_context(|| format!("reading {}", prelude.display()))?;
        // Cargo does not watch the prelude, but it compiles again when the flags change.
        let flags = format!(
            "{} -O2 -D_WASI_EMULATED_SIGNAL -ffile-prefix-map={}=/target -ffile-prefix-map={}=/engine -include {} \
             -DSANDPIT_PRELUDE=0x{}",
            self.c.system_flags(),
            text(target)?,
            text(engine)?,
            text(&prelude)?,
            &crate::sources::hex_sha256(&content)[..8]
        );
        ensure!(!text(&prelude)?.contains(' '), "the path {} contains a space, which cc cannot pass on", prelude.display());
        Ok(flags)
    }

    /// Flags joined as cargo wants them. Paths of this machine become names, so that panic messages and symbols are the
    /// same everywhere.
    fn rust_flags(&self, engine: &Path, target: &Path) -> Result<String> {
        let cargo_home = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
            .context("neither CARGO_HOME nor HOME is set")?;
        let repository = engine.parent().and_then(Path::parent).context("the engine lies in guest-sdk")?;
        let mut flags = vec![
            format!("--remap-path-prefix={}=/target", text(target)?),
            format!("--remap-path-prefix={}=/repository", text(repository)?),
            format!("--remap-path-prefix={}=/cargo", text(&cargo_home)?),
            format!("-Clink-arg=-zstack-size={LINEAR_STACK_BYTES}"),
        ];
        if let RustLibrary::DebianSource = self.library {
            flags.extend(["-Clink-self-contained=no".to_owned(), "-L/usr/lib/wasm32-wasi".to_owned()]);
        }
        Ok(flags.join("\x1f"))
    }
}

/// Sees C and Rust together, which no linker of two compilers does, and knows how little of a stack machine's code is needed: a
/// seventh less time per event. Names are kept, so that they can be asked for without changing the code.
fn optimize(folder: &Path) -> Result<Vec<u8>> {
    let (linked, optimized) = (folder.join("sandpit_engine.wasm"), folder.join("sandpit_engine.optimized.wasm"));
    let mut optimizer = Command::new(OPTIMIZER);
    optimizer.arg("-O3").arg("--debuginfo").arg(&linked).arg("--output").arg(&optimized);
    ensure!(optimizer.status().context("starting wasm-opt")?.success(), "the engine cannot be optimised");
    std::fs::read(&optimized).with_context(|| format!("reading {}", optimized.display()))
}

impl CCompiler {
    fn folder(&self) -> &Path {
        match self {
            CCompiler::Debian => Path::new(LLVM),
            CCompiler::WasiSdk(sdk) => sdk,
        }
    }

    fn clang(&self) -> PathBuf {
        self.folder().join("bin/clang")
    }

    fn ar(&self) -> PathBuf {
        self.folder().join("bin/llvm-ar")
    }

    fn libclang(&self) -> PathBuf {
        let own = self.folder().join("lib");
        if own.join("libclang.so").exists() || matches!(self, CCompiler::Debian) { own } else { PathBuf::from(LLVM).join("lib") }
    }

    fn system_flags(&self) -> String {
        match self {
            CCompiler::Debian => "--target=wasm32-wasi --sysroot=/usr -isystem /usr/include/wasm32-wasi".to_owned(),
            CCompiler::WasiSdk(sdk) => {
                format!("--target=wasm32-wasip1 --sysroot={}", sdk.join("share/wasi-sysroot").display())
            }
        }
    }
}

/// Variables of the caller that would make other bytes of the same sources.
fn changes_the_build(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PROFILE_")
        || name.starts_with("CARGO_BUILD_")
        || name.starts_with("CARGO_TARGET_")
        || matches!(&*name, "RUSTFLAGS" | "CFLAGS" | "CC" | "AR" | "TARGET_CC" | "TARGET_CFLAGS" | "RUSTC_WRAPPER")
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("the path {} is not text", path.display()))
}

fn first_line(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("starting {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed");
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
