//! The command line.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind as UsageError;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::net::TcpListener;

use crate::config::{Config, ConfigError, Secret, explain};
use crate::demo::{self, DemoArgs};
use crate::history::{self, HistoryArgs};
use crate::sandbox::{SandboxConfig, SandboxServer};
use crate::server::wait_for_signal;
use crate::simulate::{self, SimulateArgs};
use crate::telemetry::{LogFormat, start_logging};
use crate::{Server, report, wire};

/// Exit status of a call that cannot be understood.
const USAGE: u8 = 2;

/// How long tasks that nobody waits for may take to let go, once all is done.
const LAST_TASKS: Duration = Duration::from_secs(5);

/// Seat holds for cinemas, venues and ticket shops: one seat, one owner
#[derive(Debug, Parser)]
#[command(name = "seathold", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API
    Serve(Box<ServeArgs>),
    /// Check every invariant on what is stored; exit status 1 on a violation
    ///
    /// Repairs nothing. While a server has the store open, ask that server:
    /// GET /api/admin/verify.
    Verify(VerifyArgs),
    /// Roll forward whatever a crash, a silent gateway or a lost message has left
    ///
    /// Asks the gateway about payments, sells or gives back what was paid, and asks
    /// for refunds that were not made. Harmless at any time; a server does it by
    /// itself, bit by bit. While a server has the embedded store open, ask that
    /// server: POST /api/admin/reconcile.
    Reconcile(Box<Config>),
    /// Bring MongoDB up to date: indexes, and whatever a new version needs
    ///
    /// Safe at any time, and from several places at once. `serve` does it at
    /// start, unless told not to.
    Migrate(MigrateArgs),
    /// Play MoMo, VNPay, ZaloPay and a gateway for cards, for tests
    ///
    /// Speaks their real messages over HTTP, with a page to pay or decline, and
    /// with whatever real gateways do wrong, by flags or PUT /sandbox/faults. No
    /// money moves: GET /sandbox/ledger shows what was taken and given back.
    Sandbox(Box<SandboxArgs>),
    /// Run the service against itself while everything around it fails, as a seed has it
    ///
    /// Several instances on a simulated time, store, lock, gateway and network. The
    /// same seed does the same again. Exit status 1 if something was not as promised.
    Simulate(SimulateArgs),
    /// Judge what clients saw; exit status 1 on a violation
    ///
    /// A history says what clients asked for, what they were answered and when, one
    /// event a line (docs/history.md has the format). A violation is something that no
    /// service can have done that keeps its promises, however slow or late it was.
    CheckHistory(HistoryArgs),
    /// Watch a thousand buyers race for one seat, and two hundred fill a hall
    ///
    /// Serves the API in development mode over a temporary folder. Afterwards
    /// it keeps serving for you to try, unless --exit is given.
    Demo(DemoArgs),
}

/// What `verify` is asked to do.
#[derive(Args, Debug)]
struct VerifyArgs {
    /// Folder of the embedded store
    #[arg(long, env = "DATA_DIR", default_value = "./data")]
    data_dir: PathBuf,

    /// MongoDB replica set to check instead
    #[arg(long, env = "MONGO_URI", hide_env_values = true)]
    mongo_uri: Option<Secret>,
}

/// What `migrate` is asked to do.
#[derive(Args, Debug)]
struct MigrateArgs {
    /// MongoDB replica set to bring up to date
    #[arg(long, env = "MONGO_URI", hide_env_values = true)]
    mongo_uri: Secret,
}

/// What `serve` is asked to do.
#[derive(Args, Debug)]
struct ServeArgs {
    /// Port to listen on; 0 takes a free one
    #[arg(long, env = "PORT", default_value = "3000", value_parser = port)]
    port: u16,

    /// Address to listen on; 0.0.0.0 is everywhere
    #[arg(long, env = "HOST", default_value = "127.0.0.1")]
    host: String,

    /// How log lines look: text or json [default: text on a terminal, else json]
    #[arg(long, env = "LOG_FORMAT")]
    log_format: Option<LogFormat>,

    #[command(flatten)]
    config: Config,
}

/// What `sandbox` is asked to do.
#[derive(Args, Debug)]
struct SandboxArgs {
    /// Port to listen on; 0 takes a free one
    #[arg(long, env = "SANDBOX_PORT", value_name = "SANDBOX_PORT", default_value = "4000", value_parser = port)]
    port: u16,

    /// Address to listen on; 0.0.0.0 is everywhere
    #[arg(long, env = "HOST", default_value = "127.0.0.1")]
    host: String,

    /// How log lines look: text or json [default: text on a terminal, else json]
    #[arg(long, env = "LOG_FORMAT")]
    log_format: Option<LogFormat>,

    #[command(flatten)]
    config: SandboxConfig,
}

/// Runs the program; gives its exit status: 0 done, 1 failed, 2 not understood.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return misunderstood(&error),
    };
    // Every connection is a file; the default limit is far below what a rush needs.
    // Where it cannot be raised, the server runs with what there is.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let result = match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            let result = runtime.block_on(run(cli.command));
            // What has to be finished is finished by now.
            runtime.shutdown_timeout(LAST_TASKS);
            result
        }
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(status) => status,
        Err(error) => {
            eprintln!("seathold: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads flags and environment. An empty variable counts as not set: that is
/// how compose files say it.
fn parse() -> Result<Cli, clap::Error> {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let command = Cli::command().mut_subcommands(|command| {
        command.mut_args(|arg| match arg.get_env() {
            Some(name) if is_empty(name) => arg.env(None),
            _ => arg,
        })
    });
    Cli::from_arg_matches(&command.try_get_matches()?)
}

fn misunderstood(error: &clap::Error) -> ExitCode {
    match explain(error) {
        Some(line) => eprintln!("seathold: {line}"),
        // Help and version go to standard output, and are no failure.
        None => drop(error.print()),
    }
    match error.kind() {
        UsageError::DisplayHelp | UsageError::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(USAGE),
    }
}

/// Why a command failed, said in one line.
type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(args) => serve(*args).await,
        Command::Verify(args) => verify(&args).await,
        Command::Reconcile(config) => reconcile(&config).await,
        Command::Migrate(args) => migrate(&args).await,
        Command::Sandbox(args) => play(*args).await,
        Command::Simulate(args) => Ok(status(simulate::run(&args)?)),
        Command::CheckHistory(args) => Ok(status(history::judge(&args)?)),
        Command::Demo(args) => Ok(status(demo::run(args).await?)),
    }
}

async fn serve(args: ServeArgs) -> Result<ExitCode, Failure> {
    let _last_lines = start_logging(args.log_format)?;
    let listener = listen(&args.host, args.port).await?;
    let dev = args.config.dev;
    let server = Server::start(args.config, listener).await?;
    if dev {
        tracing::warn!("development mode: every caller is who they say they are");
    }
    // Whoever reads that it listens may ask it to stop at once.
    let stopped = server.until_stopped();
    tracing::info!("listening on http://{}", server.address());
    stopped.await;
    tracing::info!("stopping");
    server.shutdown().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn verify(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let mongo_uri = args.mongo_uri.as_ref().map(Secret::expose);
    let service = wire::offline(&args.data_dir, mongo_uri).await?;
    let report = service.verify().await.map_err(|error| format!("verify: {error:?}"))?;
    print!("{}", report::table(&report));
    Ok(status(report.is_clean()))
}

async fn reconcile(config: &Config) -> Result<ExitCode, Failure> {
    let service = wire::reconciler(config).await?;
    let done = service.reconcile().await.map_err(|error| format!("reconcile: {error:?}"));
    service.drain().await;
    print!("{}", report::reconciled(&done?));
    Ok(ExitCode::SUCCESS)
}

async fn migrate(args: &MigrateArgs) -> Result<ExitCode, Failure> {
    let applied = wire::migrate(args.mongo_uri.expose()).await?;
    applied.iter().for_each(|name| println!("applied {name}"));
    println!("{} applied, MongoDB is up to date", applied.len());
    Ok(ExitCode::SUCCESS)
}

async fn play(args: SandboxArgs) -> Result<ExitCode, Failure> {
    let _lines = start_logging(args.log_format);
    let listener = listen(&args.host, args.port).await?;
    let stopped = wait_for_signal();
    let sandbox = SandboxServer::start(wire::system_env(), &args.config, listener)?;
    tracing::info!("listening on http://{}/sandbox", sandbox.address());
    stopped.await;
    sandbox.stop();
    Ok(ExitCode::SUCCESS)
}

fn status(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn listen(host: &str, port: u16) -> Result<TcpListener, ConfigError> {
    TcpListener::bind((host, port)).await.map_err(|error| {
        let number = port.to_string();
        match error.kind() {
            ErrorKind::AddrInUse => ConfigError::of_value(
                "PORT",
                &number,
                "is in use: stop the other program, or choose another port (0 takes a free one)",
            ),
            ErrorKind::PermissionDenied => ConfigError::of_value(
                "PORT",
                &number,
                "is not allowed to this user: choose one above 1023",
            ),
            _ => ConfigError::of_value("HOST", host, "must be an address of this machine"),
        }
    })
}

/// Parses a port.
pub(crate) fn port(text: &str) -> Result<u16, &'static str> {
    text.parse().map_err(|_| "must be a whole number from 0 to 65535")
}
