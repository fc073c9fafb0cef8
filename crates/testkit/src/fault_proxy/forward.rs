use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Loss, Way};

/// Forwards both ways until one side goes away, or a request is struck.
pub(super) async fn forward(way: &Way, mut client: TcpStream) {
    way.open().await;
    let Ok(mut server) = TcpStream::connect(&way.server).await else { return };
    // What is small is sent at once, as between the two themselves.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut requests, mut answered) = client.split();
    let (mut answers, mut asked) = server.split();
    let (cut, silent) = (AtomicBool::new(false), AtomicBool::new(false));
    let there = async {
        while let Some(request) = message(&mut requests).await {
            way.pace.wait(&request).await;
            way.open().await;
            match way.plan.strike(&request) {
                Some(Loss::Request) => return,
                Some(Loss::Answer) => cut.store(true, Ordering::SeqCst),
                Some(Loss::Silence) => silent.store(true, Ordering::SeqCst),
                None => {}
            }
            if asked.write_all(&request).await.is_err() {
                return;
            }
            way.requests.fetch_add(1, Ordering::Relaxed);
        }
    };
    let back = async {
        while let Some(answer) = message(&mut answers).await {
            way.open().await;
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
    from.read_exact(message.get_mut(4..)?).await.ok()?;
    Some(message)
}
