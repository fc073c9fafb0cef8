//! Connections: accepted one after the other, and served until the server stops. By
//! hyper itself: an open connection takes two thirds of the memory that it takes by
//! axum's own loop.

use std::io::{self, ErrorKind};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How long to wait when the system has no room for a connection: some end meanwhile.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(500);

/// Serves these routes until `stopped`; then accepts nothing more, and returns once
/// all that was asked is answered.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    stopped: impl Future<Output = ()>,
) {
    let (http, open) = (http1::Builder::new(), GracefulShutdown::new());
    let mut stopped = pin!(stopped);
    loop {
        let stream = tokio::select! {
            biased;
            () = &mut stopped => break,
            stream = next(&listener) => stream,
        };
        // An answer is one small packet: waiting for more would only delay it.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(routes.clone());
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async {
            if let Err(error) = connection.await {
                // Most likely the client went away.
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

async fn next(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
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
