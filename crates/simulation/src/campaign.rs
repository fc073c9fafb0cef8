//! Many seeds, one after the other, on some threads.

use std::fs::{File, create_dir_all};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::{Outcome, Simulation, Tally};

/// Which seeds to run, and how.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// The first seed.
    pub first: u64,
    /// How many, from there on.
    pub count: u64,
    /// Seconds, by the simulated time, during which faults strike in each.
    pub seconds: u64,
    /// Seeds run at the same time.
    pub threads: usize,
    /// Failing seeds after which no further one is begun.
    pub wrong_max: usize,
}

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// All that happened in them.
    pub tally: Tally,
    /// Those that went wrong.
    pub wrong: Vec<Outcome>,
}

impl Campaign {
    /// Runs them. After each, `look` is told what came of it, and of all so far.
    ///
    /// # Errors
    /// The system gives no runtime, or no thread.
    pub fn run(&self, look: impl Fn(&Outcome, &Summary) + Sync) -> io::Result<Summary> {
        let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let summary = Mutex::new(Summary::default());
        let work = || -> io::Result<()> {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= self.count || stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let outcome = Simulation::new(self.first + place, self.seconds).run()?;
                let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
                summary.add(&outcome);
                look(&outcome, &summary);
                if !outcome.wrong.is_empty() {
                    summary.wrong.push(outcome);
                }
                stop.fetch_or(summary.wrong.len() >= self.wrong_max, Ordering::Relaxed);
            }
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads.max(1)).map(|_| scope.spawn(work)).collect();
            let done = workers.into_iter().map(|worker| {
                worker.join().unwrap_or_else(|_| Err(io::Error::other("a simulation panicked")))
            });
            done.collect::<io::Result<()>>()
        })?;
        Ok(summary.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Summary {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.tally = self.tally.and(outcome.tally);
    }
}

impl Outcome {
    /// The one command that runs it again.
    #[must_use]
    pub fn command(&self) -> String {
        format!("seathold simulate --seed {} --seconds {}", self.seed, self.seconds)
    }

    /// Writes what clients saw (`.jsonl`), and what struck (`.txt`), to files of this
    /// folder; gives the first.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write_to(&self, folder: &Path) -> io::Result<PathBuf> {
        create_dir_all(folder)?;
        let file = |end| folder.join(format!("seed-{}.{end}", self.seed));
        let (path, mut notes) = (file("jsonl"), BufWriter::new(File::create(file("txt"))?));
        for line in self.wrong.iter().chain(&self.notes) {
            writeln!(notes, "{line}")?;
        }
        notes.flush()?;
        let mut history = BufWriter::new(File::create(&path)?);
        for event in &self.history {
            seathold_history::write(&mut history, event)?;
        }
        history.flush()?;
        Ok(path)
    }
}
