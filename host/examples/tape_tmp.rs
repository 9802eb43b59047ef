#[derive(clap::Parser)]
struct Cli { #[command(flatten)] tape: sandpit::cli::tape::TapeArgs }
fn main() -> anyhow::Result<()> { let cli = <Cli as clap::Parser>::parse(); sandpit::cli::tape::run(cli.tape, &mut std::io::stdout().lock()) }
