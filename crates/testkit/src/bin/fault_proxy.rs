//! Proxies before servers of MongoDB, which lose, stall, cut or slow down what goes
//! through them on orders over a control port.
//!
//! ```text
//! fault_proxy CONTROL_PORT NAME=PORT=HOST:PORT...
//! ```
//!
//! What can be ordered, a line each, stands at `Orders::carry_out`.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::process::ExitCode;

use seathold_testkit::fault_proxy::{FaultProxy, Orders, serve_control};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let (control, routes) = match words.split_first() {
        Some((control, routes)) if !routes.is_empty() => (control, routes),
        _ => {
            eprintln!("usage: fault_proxy CONTROL_PORT NAME=PORT=HOST:PORT...");
            return ExitCode::from(2);
        }
    };
    match run(control, routes).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fault_proxy: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(control: &str, routes: &[String]) -> io::Result<()> {
    let mut proxies = BTreeMap::new();
    for route in routes {
        let (name, ports) = route.split_once('=').ok_or_else(|| wrong(route))?;
        let (port, server) = ports.split_once('=').ok_or_else(|| wrong(route))?;
        let proxy = FaultProxy::listening(listen(port).await?, server.to_owned());
        proxies.insert(name.to_owned(), proxy);
    }
    serve_control(listen(control).await?, Orders::to(proxies)).await;
    Ok(())
}

async fn listen(port: &str) -> io::Result<TcpListener> {
    let port: u16 = port.parse().map_err(|_| wrong(port))?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

fn wrong(text: &str) -> io::Error {
    io::Error::other(format!("not understood: {text}"))
}
