//! Everything an instance asks of others goes over a wire: it takes time, gets lost,
//! comes late, and arrives after its sender has died. At both ends of it the
//! instance may stop, or die.

use std::sync::Arc;
use std::time::Duration;

use seathold_core::Timestamp;
use seathold_service::ports::StoreError;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::cluster::Cluster;
use crate::life::Life;
use crate::model::{Access, Done, State};
use crate::surroundings::Surroundings;

/// How long an instance waits for the store.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// An instance's end of all wires.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) around: Arc<Surroundings>,
    pub(crate) life: Arc<Life>,
    /// Which instance.
    pub(crate) number: usize,
}

/// How often what goes wrong, of a thousand calls.
#[derive(Clone, Copy)]
pub(crate) struct Odds {
    pub(crate) refused: u32,
    pub(crate) answer_lost: u32,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The call was not made.
    Refused,
    /// It may have been made, or may yet be.
    Lost,
}

impl Wire {
    /// Makes a call of others, and waits so long for the answer.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        name: &'static str,
        odds: Odds,
        patience: Duration,
        serve: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Silence> {
        self.step(name).await;
        let (around, number) = (self.around.clone(), self.number);
        if around.strikes(odds.refused) {
            around.trace(|| format!("{number} {name} is refused"));
            around.travel().await;
            return Err(Silence::Refused);
        }
        let is_lost = around.strikes(odds.answer_lost);
        let is_cut = around.strikes(500);
        let (reply, answer) = oneshot::channel();
        // Beyond the instance's life.
        tokio::spawn(async move {
            around.travel().await;
            around.trace(|| format!("{number} {name} arrives"));
            let outcome = serve.await;
            if is_lost {
                around.trace(|| format!("{number} {name} is not answered"));
                if !is_cut {
                    sleep(patience).await;
                }
                return;
            }
            around.travel().await;
            // Who asked may be gone.
            drop(reply.send(outcome));
        });
        let answer = timeout(patience, answer).await;
        self.step(name).await;
        answer.ok().and_then(Result::ok).ok_or(Silence::Lost)
    }

    /// Between two steps of an instance: it may stop, or die.
    async fn step(&self, name: &'static str) {
        let (around, number) = (&self.around, self.number);
        let faults = &around.plan.lives;
        if around.strikes_seldom(faults.crashes) {
            around.note(|| format!("instance {number} dies at {name}"));
            self.life.end();
        } else if around.strikes(faults.pauses) {
            let time = around.millis(faults.pause);
            around.note(|| format!("instance {number} stops at {name} for {time:?}"));
            self.life.pause(time);
        }
        self.life.go_on().await;
    }
}

/// The way to the store.
pub(crate) struct ToStore {
    pub(crate) wire: Wire,
    pub(crate) cluster: Arc<Cluster>,
}

impl ToStore {
    fn odds(&self) -> Odds {
        let network = &self.wire.around.plan.network;
        Odds { refused: network.refused, answer_lost: network.answer_lost }
    }
}

impl Access for ToStore {
    async fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        call: impl Fn(&State) -> T + Send + Sync + 'static,
    ) -> Done<T> {
        let cluster = self.cluster.clone();
        let serve = async move { cluster.read(call) };
        let answer = self.wire.call(name, self.odds(), STORE_PATIENCE, serve).await;
        answer.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer".to_owned())))
    }

    async fn write<T: Send + 'static>(
        &self,
        name: &'static str,
        call: impl Fn(&mut State, Timestamp) -> Done<T> + Send + Sync + 'static,
    ) -> Done<T> {
        let cluster = self.cluster.clone();
        let serve = async move { cluster.write(call).await };
        match self.wire.call(name, self.odds(), STORE_PATIENCE, serve).await {
            Ok(outcome) => outcome,
            Err(Silence::Refused) => Err(StoreError::Unavailable("not sent".to_owned())),
            Err(Silence::Lost) => Err(StoreError::Unknown("no answer".to_owned())),
        }
    }

    fn is_torn(&self) -> bool {
        self.wire.around.plan.network.torn
    }
}
