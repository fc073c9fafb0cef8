//! Connections: accepted one after the other, and served until the server stops. By
//! hyper itself: an open connection takes two thirds of the memory that it takes by
//! axum's own loop.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::http::Peer;

/// How long to wait when the system has no room for a connection: some end meanwhile.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(500);

/// How long a connection may take until the head of its next request is there, idle or
/// sending it byte by byte. Longer than load balancers keep what they do not use (60 s
/// at most of them): they let go first, and never send into a connection that closes.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(75);

/// Bytes of a request's head at the most: a token of 8 KiB, and as much again for
/// all else. A larger one is answered 431.
const HEAD_MAX_BYTES: usize = 16 * 1024;

/// What connections may take.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// At a time. Further ones wait in the system's queue.
    pub(crate) connections_max: usize,
    /// See [`HEAD_TIME`].
    pub(crate) head_time: Duration,
    /// Whether requests are told where they come from, see [`Peer`].
    pub(crate) tell_peer: bool,
}

/// Serves these routes until `stopped`; then accepts nothing more, and returns once
/// all that was asked is answered.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    bounds: Bounds,
    stopped: impl Future<Output = ()>,
) {
    let (mut http, open) = (http1::Builder::new(), GracefulShutdown::new());
    http.timer(TokioTimer::new()).header_read_timeout(bounds.head_time);
    http.max_header_size(HEAD_MAX_BYTES);
    let room = Arc::new(Semaphore::new(bounds.connections_max));
    let mut stopped = pin!(stopped);
    loop {
        let (stream, peer, place) = tokio::select! {
            biased;
            () = &mut stopped => break,
            next = next(&listener, &room) => next,
        };
        // An answer is one small packet: waiting for more would only delay it.
        let _ = stream.set_nodelay(true);
        let peer = bounds.tell_peer.then_some(Peer(peer.ip()));
        let service = Told { routes: TowerToHyperService::new(routes.clone()), peer };
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                // Most likely the client went away.
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// The routes, for one connection: its requests are told whose it is.
struct Told {
    routes: TowerToHyperService<Router>,
    peer: Option<Peer>,
}

impl Service<Request<Incoming>> for Told {
    type Response = Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        self.routes.call(request)
    }
}

async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    let place = match Arc::clone(room).try_acquire_owned() {
        Ok(place) => Some(place),
        Err(_) => {
            tracing::warn!("as many connections as are allowed: the next one waits");
            // Nobody closes it: there is always a place, sooner or later.
            Arc::clone(room).acquire_owned().await.ok()
        }
    };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) if is_its_own(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no further connection for the moment");
                sleep(NO_ROOM_PAUSE).await;
            }
        }
    }
}

/// Whether only that one connection failed.
fn is_its_own(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;
    use tokio::time::{Instant, timeout};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: seats.example\r\n\r\n";

    /// A server with these bounds that says hello, until the sender is dropped.
    async fn hello(connections_max: usize) -> (SocketAddr, oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let routes = Router::new().route("/", get(|| async { "hello" }));
        let bounds = Bounds { connections_max, head_time: HEAD_TIME, tell_peer: false };
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(serve(listener, routes, bounds, async { drop(stopped.await) }));
        (address, stop)
    }

    async fn is_answered(client: &mut TcpStream) -> bool {
        client.write_all(REQUEST).await.expect("an open connection");
        let mut status = [0; 12];
        let answer = timeout(Duration::from_millis(300), client.read_exact(&mut status)).await;
        answer.is_ok_and(|read| read.is_ok() && &status == b"HTTP/1.1 200")
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_byte_by_byte_is_cut_off_in_time() {
        let (address, _stop) = hello(10).await;
        let mut client = TcpStream::connect(address).await.expect("a connection");
        let since = Instant::now();
        for byte in b"GET / HTTP/1.1\r\nX-Slow: " {
            client.write_all(&[*byte]).await.expect("an open connection");
            sleep(Duration::from_secs(3)).await;
        }
        let mut rest = Vec::new();
        // Cut off, with or without a word.
        let _ = client.read_to_end(&mut rest).await;
        assert!(since.elapsed() < HEAD_TIME + Duration::from_secs(5), "{:?}", since.elapsed());
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_is_let_go_and_a_busy_one_is_not() {
        let (address, _stop) = hello(10).await;
        let [mut silent, mut busy] = [
            TcpStream::connect(address).await.expect("a connection"),
            TcpStream::connect(address).await.expect("a connection"),
        ];
        for _ in 0..4 {
            assert!(is_answered(&mut busy).await);
            sleep(HEAD_TIME / 3).await;
            let mut rest = Vec::new();
            while !rest.ends_with(b"hello") {
                rest.push(busy.read_u8().await.expect("the rest of the answer"));
            }
        }
        assert_eq!(silent.read(&mut [0; 1]).await.expect("an end"), 0);
    }

    #[tokio::test]
    async fn one_connection_more_than_allowed_waits_until_another_ends() {
        let (address, _stop) = hello(2).await;
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(TcpStream::connect(address).await.expect("a connection"));
        }
        assert!(is_answered(&mut clients[0]).await);
        assert!(is_answered(&mut clients[1]).await);
        assert!(!is_answered(&mut clients[2]).await, "there is no room for it");
        drop(clients.swap_remove(0));
        // What it has asked is answered now.
        let mut status = [0; 12];
        clients[0].read_exact(&mut status).await.expect("an answer");
        assert_eq!(&status, b"HTTP/1.1 200");
    }
}
