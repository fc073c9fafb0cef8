use std::fmt;
use std::io::{BufRead, BufReader};
use std::ops::Deref;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use seathold_adapters::SystemClock;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::{JWT_SECRET, Place, Site};

/// For what takes a moment on a busy machine, and never longer.
const SOON: Duration = Duration::from_secs(60);

/// How often to look whether it has ended.
const GLANCE: Duration = Duration::from_millis(5);

/// The real program, as a process of its own. What it says is kept and looked
/// through for panics.
pub(crate) struct Program {
    site: Site,
    /// None once it has ended.
    child: Option<Child>,
    log: Log,
    reader: Option<JoinHandle<()>>,
}

/// A process that has ended, and all it said.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Nothing in it has panicked.
    fn new(status: ExitStatus, stdout: String, stderr: String) -> Self {
        assert!(!stderr.contains("panicked"), "{stderr}");
        Self { status, stdout, stderr }
    }

    /// What it logged, each line a JSON object.
    pub(crate) fn log(&self) -> Vec<Value> {
        let line = |line| serde_json::from_str(line).expect("each line is JSON");
        self.stderr.lines().map(line).collect()
    }

    /// It failed for a reason it said in one line.
    #[track_caller]
    pub(crate) fn complaint(&self, status: i32) -> &str {
        assert_eq!(self.status.code(), Some(status), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        assert_eq!(self.stdout, "");
        self.stderr.trim_end().strip_prefix("seathold: ").expect("the program's name")
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Program {
    /// `seathold serve --dev` on a free port, in this place, with these further
    /// variables. Returns once it listens.
    pub(crate) async fn serve(place: &Place, variables: &[(&str, &str)]) -> Self {
        let mut command = command(variables);
        command.envs(place.variables()).args(["serve", "--dev"]);
        Self::listening(command, true).await
    }

    /// The same outside development mode, with the tests' own token secret.
    pub(crate) async fn serve_strictly(place: &Place, variables: &[(&str, &str)]) -> Self {
        let mut command = command(variables);
        command.envs(place.variables()).env("JWT_SECRET", JWT_SECRET).arg("serve");
        Self::listening(command, false).await
    }

    async fn listening(mut command: Command, dev: bool) -> Self {
        command.args(["--port", "0"]);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program was built");
        let (log, (found, listening)) = (Log::default(), oneshot::channel());
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let kept = log.clone();
        let reader = thread::spawn(move || {
            let mut found = Some(found);
            for line in lines.map_while(Result::ok) {
                if let Some(base) = address(&line) {
                    found.take().map(|found| found.send(base.to_owned()));
                }
                kept.add(line);
            }
        });
        let base = match timeout(SOON, listening).await {
            Ok(Ok(base)) => base,
            Ok(Err(_)) => panic!("it did not start:\n{log}"),
            Err(_) => panic!("it does not start:\n{}\n{log}", threads(child.id())),
        };
        let site = Site::at(base, dev, Arc::new(SystemClock));
        Self { site, child: Some(child), log, reader: Some(reader) }
    }

    /// Runs the program to its end.
    pub(crate) async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let mut command = command(variables);
        command.args(arguments);
        let ended = tokio::task::spawn_blocking(move || command.output()).await;
        let output = ended.expect("no panic").expect("the program was built");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended::new(output.status, text(&output.stdout), text(&output.stderr))
    }

    /// Kills it in the middle of whatever it does.
    pub(crate) async fn kill(mut self) {
        self.child().kill().expect("a process of our own");
        self.ended().await;
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) async fn stop(mut self) -> Ended {
        self.ask_to_stop();
        self.ended().await
    }

    /// Asks it to stop.
    pub(crate) fn ask_to_stop(&mut self) {
        let pid = self.child().id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("a kill command");
        assert!(sent.success(), "no process {pid}");
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ended {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child().try_wait().expect("a process of our own") {
                break status;
            }
            if since.elapsed() > SOON {
                panic!("it does not end:\n{}\n{}", threads(self.child().id()), self.log);
            }
            sleep(GLANCE).await;
        };
        self.child = None;
        let reader = self.reader.take().expect("it ends once");
        reader.join().expect("reading does not panic");
        Ended::new(status, String::new(), self.log.to_string())
    }

    fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("it runs until it has ended")
    }
}

impl Deref for Program {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

/// Nothing is left running, whatever became of the test.
impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What each of its threads does: where there is a `/proc`.
fn threads(pid: u32) -> String {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let about = |task: std::fs::DirEntry| {
        let of = |name| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        ["stat", "wchan", "syscall"].map(|name| of(name).trim_end().to_owned()).join(" | ")
    };
    tasks.map(about).collect::<Vec<_>>().join("\n")
}

/// The program, with nothing of this process's environment.
fn command(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seathold"));
    // No load balancer waits to be told that it stops.
    command.env_clear().env("LOG_FORMAT", "json").env("DRAIN_MS", "0");
    command.envs(variables.iter().copied());
    command.stdin(Stdio::null());
    command
}

/// The address in the line that says where it listens.
fn address(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("listening on ")?;
    rest.split('"').next()
}

impl Log {
    fn add(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}
