//! Where log lines go: into memory, from where a thread of their own writes them, many
//! at a time. No sale waits for its log.

use std::io::{self, Write};
use std::mem::take;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait to be written, in bytes at the most: some seconds of the busiest
/// server. Where nobody takes them, further ones are lost.
const WAITING_MAX: usize = 16 << 20;

/// How long lines are gathered before they are written: unnoticed by who reads them,
/// and far fewer writes than lines.
const GATHER: Duration = Duration::from_millis(10);

/// How long the last lines may take to be written, when nobody takes them.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What lines are written into.
#[derive(Clone)]
pub(super) struct Lines(Arc<Waiting>);

struct Waiting {
    state: Mutex<State>,
    /// There is something to write, or nothing more will come.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    lost: u64,
    closed: bool,
}

/// Writes the last lines when it is dropped.
pub struct LastLines {
    waiting: Arc<Waiting>,
    written: mpsc::Receiver<()>,
}

/// Lines that a thread of their own writes to `out`.
pub(super) fn written_to(out: impl Write + Send + 'static) -> io::Result<(Lines, LastLines)> {
    let waiting = Arc::new(Waiting { state: Mutex::default(), changed: Condvar::new() });
    let (all, written) = mpsc::channel();
    let source = Arc::clone(&waiting);
    thread::Builder::new().name("seathold-log".to_owned()).spawn(move || {
        source.write_to(out);
        // Nobody may be waiting for it.
        let _ = all.send(());
    })?;
    Ok((Lines(Arc::clone(&waiting)), LastLines { waiting, written }))
}

impl Waiting {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8]) {
        let mut state = self.state();
        if state.lines.len() + line.len() > WAITING_MAX {
            state.lost += 1;
            return;
        }
        let first = state.lines.is_empty();
        state.lines.extend_from_slice(line);
        drop(state);
        if first {
            self.changed.notify_one();
        }
    }

    /// Writes what comes, until nothing more will.
    fn write_to(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let state = self.state();
            let idle = |state: &mut State| state.lines.is_empty() && !state.closed;
            let state =
                self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
            let open = |state: &mut State| !state.closed;
            let gathered = self.changed.wait_timeout_while(state, GATHER, open);
            let (mut state, _) = gathered.unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut lines, &mut state.lines);
            let (lost, closed) = (take(&mut state.lost), state.closed);
            drop(state);
            // There is nowhere to say that it fails.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
            lines.clear();
            if closed {
                return;
            }
            if lost > 0 {
                tracing::warn!(lost, "log lines were lost: nobody took them");
            }
        }
    }
}

impl Drop for LastLines {
    fn drop(&mut self) {
        self.waiting.state().closed = true;
        self.waiting.changed.notify_one();
        // In vain where nobody takes the lines.
        let _ = self.written.recv_timeout(LAST_LINES);
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes lines once it may, and keeps them.
    #[derive(Clone, Default)]
    struct Reader {
        gate: Arc<Mutex<()>>,
        kept: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            drop(self.gate.lock());
            self.kept.lock().expect("nobody panics over it").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn kept(reader: &Reader) -> Vec<u8> {
        reader.kept.lock().expect("nobody panics over it").clone()
    }

    #[test]
    fn all_lines_are_written_in_order_before_the_program_ends() {
        let reader = Reader::default();
        let (lines, last_lines) = written_to(reader.clone()).expect("a thread");
        let mut expected = Vec::new();
        for n in 0..10_000 {
            let line = format!("line {n}\n").into_bytes();
            (&lines).write_all(&line).expect("there is room");
            expected.extend(line);
        }
        drop(last_lines);
        assert_eq!(kept(&reader), expected);
    }

    #[test]
    fn nobody_waits_for_who_takes_no_lines_and_memory_stays_bounded() {
        let reader = Reader::default();
        let closed = reader.gate.lock().expect("nobody panics over it");
        let (lines, last_lines) = written_to(reader.clone()).expect("a thread");
        let line = [b'x'; 1 << 10];
        // More than may wait, though one writing may be under way.
        for _ in 0..3 * WAITING_MAX / line.len() {
            (&lines).write_all(&line).expect("it is lost, and that is no error");
        }
        assert!(lines.0.state().lines.len() <= WAITING_MAX);
        assert!(lines.0.state().lost > 0);
        drop(last_lines);
        drop(closed);
    }
}
