//! Orders over a small port, for scripts.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{FaultProxy, Loss, Passed, State};

/// Proxies by their names, and what can be ordered of them.
pub struct Orders(BTreeMap<String, FaultProxy>);

impl Orders {
    /// Orders to these.
    #[must_use]
    pub const fn to(proxies: BTreeMap<String, FaultProxy>) -> Self {
        Self(proxies)
    }

    /// Carries out one line, and gives what is answered:
    ///
    /// ```text
    /// open NAME | stall NAME | cut NAME
    /// pace NAME BYTES_PER_SECOND DATABASE      (0 bytes: as fast as they come)
    /// lose NAME request|answer|silence COMMAND COLLECTION TIMES
    /// status NAME
    /// ```
    ///
    /// # Errors
    /// What is wrong with the line.
    pub fn carry_out(&self, line: &str) -> Result<String, String> {
        let words: Vec<_> = line.split_whitespace().collect();
        let (order, name) = match *words.as_slice() {
            [order, name, ..] => (order, name),
            _ => return Err("an order has a word and a name".to_owned()),
        };
        let proxy = self.0.get(name).ok_or_else(|| format!("no proxy is called {name}"))?;
        match (order, words.get(2..).unwrap_or_default()) {
            ("open", []) => proxy.turn(State::Open),
            ("stall", []) => proxy.turn(State::Stalled),
            ("cut", []) => proxy.turn(State::Cut),
            ("pace", [bytes, database]) => {
                let bytes = number(bytes)?;
                proxy.pace((bytes > 0).then_some(bytes), database);
            }
            ("lose", [loss, command, collection, times]) => {
                proxy.lose(self::loss(loss)?, command, collection, number(times)?);
            }
            ("status", []) => {
                let Passed { connections, requests, lost } = proxy.passed();
                return Ok(format!("connections={connections} requests={requests} lost={lost}"));
            }
            _ => return Err(format!("not understood: {line}")),
        }
        Ok("done".to_owned())
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn loss(text: &str) -> Result<Loss, String> {
    match text {
        "request" => Ok(Loss::Request),
        "answer" => Ok(Loss::Answer),
        "silence" => Ok(Loss::Silence),
        _ => Err(format!("{text} cannot be lost")),
    }
}

/// Takes orders, line by line, as long as it is polled.
pub async fn serve_control(listener: TcpListener, orders: Orders) {
    let orders = Arc::new(orders);
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(take_orders(client, Arc::clone(&orders)));
    }
}

async fn take_orders(mut client: TcpStream, orders: Arc<Orders>) {
    let (from, mut to) = client.split();
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match orders.carry_out(&line) {
            Ok(done) => format!("ok {done}\n"),
            Err(why) => format!("error {why}\n"),
        };
        if to.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
