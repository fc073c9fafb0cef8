//! Stands before a server of MongoDB, and makes the way to it a bad one: what is said
//! gets lost, slow, late, or nowhere. As long as nothing is ordered, nothing is done.

mod control;
mod forward;
mod plan;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub use control::{Orders, serve_control};
use forward::forward;
pub use plan::Loss;
use plan::{Pace, Plan};

/// A proxy before one server.
pub struct FaultProxy {
    address: SocketAddr,
    way: Arc<Way>,
    listening: JoinHandle<()>,
}

/// The way to the server, as all connections share it.
struct Way {
    server: String,
    state: watch::Sender<State>,
    plan: Plan,
    pace: Pace,
    /// Connections that were accepted, and requests that were passed on.
    connections: AtomicU64,
    requests: AtomicU64,
}

/// Whether anything gets through at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Open,
    /// What is sent arrives only once the way is open again, new connections too.
    Stalled,
    /// All connections are closed, and new ones at once.
    Cut,
}

impl FaultProxy {
    /// Before this server (host and port), on any free port of 127.0.0.1.
    ///
    /// # Panics
    /// No port is free.
    pub async fn before(server: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        Self::listening(listener, server)
    }

    /// The same, on this listener.
    ///
    /// # Panics
    /// It is not bound.
    #[must_use]
    pub fn listening(listener: TcpListener, server: String) -> Self {
        let address = listener.local_addr().expect("it is bound");
        let way = Arc::new(Way {
            server,
            state: watch::Sender::new(State::Open),
            plan: Plan::default(),
            pace: Pace::default(),
            connections: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        });
        let shared = Arc::clone(&way);
        let listening = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(Arc::clone(&shared).serve(client));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, way, listening }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of MongoDB where the proxy is the only server.
    #[must_use]
    pub fn uri(&self, database: &str) -> String {
        let options = "directConnection=true&serverSelectionTimeoutMS=2000";
        format!("mongodb://{}/{database}?{options}", self.address)
    }

    /// Lets things through, or not.
    pub fn turn(&self, state: State) {
        self.way.state.send_replace(state);
    }

    /// Loses this command on this collection, so many times.
    pub fn lose(&self, loss: Loss, command: &str, collection: &str, times: u32) {
        self.way.plan.set(loss, command, collection, times);
    }

    /// Whether all that was to be lost is.
    #[must_use]
    pub fn has_lost_all(&self) -> bool {
        self.way.plan.left() == 0
    }

    /// Passes on so many bytes of requests a second, of all connections together, and
    /// only of those that concern this database: members of a set talk on as ever.
    /// `None`: all that come.
    pub fn pace(&self, bytes_per_second: Option<u32>, database: &str) {
        self.way.pace.set(bytes_per_second, database);
    }

    /// What has gone through so far.
    #[must_use]
    pub fn passed(&self) -> Passed {
        Passed {
            connections: self.way.connections.load(Ordering::Relaxed),
            requests: self.way.requests.load(Ordering::Relaxed),
            lost: self.way.plan.lost(),
        }
    }

    /// Cuts all connections, and takes no more.
    pub fn close(&self) {
        self.listening.abort();
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.close();
    }
}

/// What has gone through a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Connections that were accepted.
    pub connections: u64,
    /// Requests that were passed on.
    pub requests: u64,
    /// Requests or answers that were lost on purpose.
    pub lost: u64,
}

impl Way {
    async fn serve(self: Arc<Self>, client: TcpStream) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let mut state = self.state.subscribe();
        let cut = async { drop(state.wait_for(|state| *state == State::Cut).await) };
        tokio::select! {
            biased;
            () = cut => {}
            () = forward(&self, client) => {}
        }
    }

    /// Waits while nothing gets through.
    async fn open(&self) {
        // The sender is ours: it does not go away meanwhile.
        let _ = self.state.subscribe().wait_for(|state| *state != State::Stalled).await;
    }
}
