//! A server that loses what is said, or seems to.

use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// It does not arrive, and the connection is cut.
    Request,
    /// It arrives, and the connection is cut before the answer.
    Answer,
    /// It arrives, and nothing more is heard.
    Silence,
}

/// Stands before a server. As long as nothing is to be lost, nothing is.
pub(super) struct Proxy {
    address: SocketAddr,
    plan: Arc<Mutex<Plan>>,
    listening: JoinHandle<()>,
}

/// Which requests are struck next, and how.
#[derive(Default)]
struct Plan {
    loss: Option<Loss>,
    /// What stands in such a request.
    command: Vec<u8>,
    /// How many more.
    times: u32,
}

impl Plan {
    fn strike(&mut self, request: &[u8]) -> Option<Loss> {
        let is_it = || request.windows(self.command.len()).any(|part| part == self.command);
        if self.times == 0 || !is_it() {
            return None;
        }
        self.times -= 1;
        self.loss
    }
}

impl Proxy {
    pub(super) async fn before(server: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let plan = Arc::new(Mutex::new(Plan::default()));
        let planned = Arc::clone(&plan);
        let listening = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(forward(client, server.clone(), Arc::clone(&planned)));
            }
        });
        Self { address, plan, listening }
    }

    /// Where the proxy is the only server.
    pub(super) fn uri(&self, database: &str) -> String {
        let options = "directConnection=true&serverSelectionTimeoutMS=2000";
        format!("mongodb://{}/{database}?{options}", self.address)
    }

    /// Loses this command on this collection, so many times.
    pub(super) fn lose(&self, loss: Loss, command: &str, collection: &str, times: u32) {
        // As BSON has it: a name, then a text after its length.
        let mut bytes = format!("{command}\0").into_bytes();
        bytes.extend((collection.len() as i32 + 1).to_le_bytes());
        bytes.extend(format!("{collection}\0").bytes());
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        *plan = Plan { loss: Some(loss), command: bytes, times };
    }

    /// Whether all that was to be lost is.
    pub(super) fn has_lost_all(&self) -> bool {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).times == 0
    }

    /// Cuts all connections, and takes no more.
    pub(super) fn close(&self) {
        self.listening.abort();
    }
}

/// Forwards both ways until one side goes away, or a request is struck.
async fn forward(mut client: TcpStream, server: String, plan: Arc<Mutex<Plan>>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut requests, mut answered) = client.split();
    let (mut answers, mut asked) = server.split();
    let (cut, silent) = (AtomicBool::new(false), AtomicBool::new(false));
    let there = async {
        while let Some(request) = message(&mut requests).await {
            let loss = plan.lock().unwrap_or_else(PoisonError::into_inner).strike(&request);
            match loss {
                Some(Loss::Request) => return,
                Some(Loss::Answer) => cut.store(true, Ordering::SeqCst),
                Some(Loss::Silence) => silent.store(true, Ordering::SeqCst),
                None => {}
            }
            if asked.write_all(&request).await.is_err() {
                return;
            }
        }
    };
    let back = async {
        while let Some(answer) = message(&mut answers).await {
            if silent.load(Ordering::SeqCst) {
                pending::<()>().await;
            }
            if cut.load(Ordering::SeqCst) || answered.write_all(&answer).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}

/// One message, which begins with its length.
async fn message(from: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await.ok()?;
    let mut message = length.to_vec();
    message.resize(usize::try_from(i32::from_le_bytes(length)).ok()?, 0);
    from.read_exact(&mut message[4..]).await.ok()?;
    Some(message)
}
