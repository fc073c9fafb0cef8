//! `seathold check-history`: histories of clients, judged.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use seathold_history::{Line, Promises, Report, check, operation, read};

/// What `check-history` is asked to do.
#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    /// Files with a history each, JSON Lines; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How far the service's clock may be from the clients', in ms [default: as the
    /// history says, else 1000]
    #[arg(long)]
    tolerance_ms: Option<i64>,

    /// How old a map may be when its reader asks for it, in ms [default: as the history
    /// says, else 250]
    #[arg(long)]
    stale_ms: Option<i64>,

    /// How long a hold lasts, in ms [default: as the history says, else not judged]
    #[arg(long)]
    hold_ms: Option<i64>,

    /// How long a hold may last once its payment was begun, in ms [default: as the
    /// history says, else any time]
    #[arg(long)]
    extended_ms: Option<i64>,

    /// Live seats of one showtime that one user may own [default: as the history says,
    /// else not judged]
    #[arg(long)]
    seats_per_user: Option<u64>,

    /// Violations that are printed of each history; all are counted
    #[arg(long, default_value = "50")]
    most: usize,

    /// Print what was answered in each second
    #[arg(long)]
    seconds: bool,
}

/// Judges each history and prints what came of it. Whether none has a violation.
///
/// # Errors
/// A file cannot be read, or is no history.
pub(crate) fn judge(args: &HistoryArgs) -> Result<bool, String> {
    let insisted = Promises {
        tolerance_ms: args.tolerance_ms,
        stale_ms: args.stale_ms,
        hold_ms: args.hold_ms,
        extended_ms: args.extended_ms,
        seats_per_user: args.seats_per_user,
        ..Promises::default()
    };
    let mut clean = true;
    for file in &args.files {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let lines = lines(file).map_err(|error| named(&error))?;
        let report = check(&lines, &insisted).map_err(|error| named(&error))?;
        print!("{}", text(file, &lines, &report, args));
        clean &= report.violations.is_empty();
    }
    Ok(clean)
}

fn lines(file: &Path) -> Result<Vec<Line>, Box<dyn std::error::Error>> {
    if file == Path::new("-") {
        return Ok(read(stdin().lock())?);
    }
    Ok(read(BufReader::new(File::open(file)?))?)
}

fn text(file: &Path, lines: &[Line], report: &Report, args: &HistoryArgs) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_text(&mut text, file, lines, report, args);
    text
}

fn write_text(
    text: &mut String,
    file: &Path,
    lines: &[Line],
    report: &Report,
    args: &HistoryArgs,
) -> std::fmt::Result {
    let operations: u64 = report.counts.values().sum();
    writeln!(text, "{}: {operations} operations", file.display())?;
    for ((call, outcome), count) in &report.counts {
        writeln!(text, "  {call:<16} {outcome:<28} {count:>9}")?;
    }
    let good: u64 = report.seconds.iter().map(|second| second.good()).sum();
    let seconds = report.seconds.len().max(1);
    writeln!(
        text,
        "  {} bookings granted, {} sold; goodput {:.0} per second over {seconds} s",
        report.granted,
        report.sold,
        good as f64 / seconds as f64
    )?;
    if args.seconds {
        writeln!(text, "  second       ok  refused     busy  unknown")?;
        for (n, second) in report.seconds.iter().enumerate() {
            let (ok, refused) = (second.ok, second.refused);
            let (busy, unknown) = (second.busy, second.unknown);
            writeln!(text, "  {n:>6} {ok:>8} {refused:>8} {busy:>8} {unknown:>8}")?;
        }
    }
    for violation in report.violations.iter().take(args.most) {
        writeln!(text, "  VIOLATION {violation}{}", operations_of(lines, &violation.lines))?;
    }
    let count = report.violations.len();
    if count > args.most {
        writeln!(text, "  and {} more", count - args.most)?;
    }
    writeln!(text, "  {count} violations")
}

fn operations_of(lines: &[Line], numbers: &[usize]) -> String {
    let mut ops: Vec<_> = numbers.iter().filter_map(|number| operation(lines, *number)).collect();
    ops.sort_unstable();
    ops.dedup();
    let ops: Vec<String> = ops.iter().map(ToString::to_string).collect();
    if ops.is_empty() { String::new() } else { format!("; operations {}", ops.join(", ")) }
}
