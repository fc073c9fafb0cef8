use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use super::Site;

/// For what takes a moment on a busy machine, and never longer.
const SOON: Duration = Duration::from_secs(60);

/// How often to look whether it serves.
const GLANCE: Duration = Duration::from_millis(20);

/// haproxy with the rules of this project, in front of one server.
pub(crate) struct Balancer {
    pub(crate) site: Site,
    process: Child,
    _folder: TempDir,
}

impl Balancer {
    /// One that serves. `None`: `SEATHOLD_TEST_HAPROXY` names no program, and
    /// `SEATHOLD_TEST_SERVICES` does not say that it must.
    pub(crate) async fn before(server: &Site) -> Option<Self> {
        let Some(program) =
            std::env::var_os("SEATHOLD_TEST_HAPROXY").filter(|name| !name.is_empty())
        else {
            let must = std::env::var("SEATHOLD_TEST_SERVICES").is_ok_and(|value| value == "1");
            assert!(!must, "SEATHOLD_TEST_HAPROXY is not set");
            println!("skipped: SEATHOLD_TEST_HAPROXY is not set");
            return None;
        };
        let folder = TempDir::new().expect("a temporary folder");
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/lib/haproxy.cfg");
        let mut rules = std::fs::read_to_string(rules).expect("the rules");
        let address = server.base.strip_prefix("http://").expect("an address");
        rules.push_str(&format!("  server instance-1 {address}\n"));
        std::fs::write(folder.path().join("haproxy.cfg"), rules).expect("a file");
        let port = free_port().await;
        let mut command = Command::new(program);
        command.args(["-db", "-f", "haproxy.cfg"]).current_dir(folder.path());
        command.env("BALANCER_PORT", port.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("haproxy runs");
        let site = server.elsewhere(format!("http://127.0.0.1:{port}"));
        let balancer = Self { site, process, _folder: folder };
        let since = Instant::now();
        while !balancer.serves().await {
            assert!(since.elapsed() < SOON, "haproxy does not come up");
            sleep(GLANCE).await;
        }
        Some(balancer)
    }

    async fn serves(&self) -> bool {
        let answer = self.site.get("/health/live").try_send().await;
        answer.is_ok_and(|answer| answer.status == 200)
    }
}

/// Nothing is left running, whatever became of the test.
impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address").port()
}
