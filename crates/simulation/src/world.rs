//! All of it together: instances that come and go, and whatever strikes them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seathold_core::ShowtimeId;
use seathold_history::{Call, Event, OpId, Seen};
use seathold_service::model::{ClaimKey, GatewayEvent};
use seathold_service::ports::Clock;
use seathold_service::{Error, Received, Service};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::books::Callback;
use crate::dice::Dice;
use crate::heard::Heard;
use crate::instance::{Instance, Outside, STOPS_WITHIN};

/// How long a client waits for an answer, in ms.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often a gateway tells something that nobody acknowledges.
const TOLD_MAX: u32 = 40;

pub(crate) struct World {
    pub(crate) outside: Outside,
    pub(crate) showtimes: Vec<ShowtimeId>,
    dice: Dice,
    instances: Mutex<BTreeMap<usize, Arc<Instance>>>,
    ops: AtomicU64,
    /// Keys of holds, and whether every request with them was told that it changed
    /// nothing.
    undone: Mutex<BTreeMap<ClaimKey, bool>>,
}

impl World {
    pub(crate) fn new(outside: Outside, showtimes: Vec<ShowtimeId>, dice: &Dice) -> Arc<Self> {
        Arc::new(Self {
            outside,
            showtimes,
            dice: dice.for_("world"),
            instances: Mutex::default(),
            ops: AtomicU64::new(0),
            undone: Mutex::default(),
        })
    }

    /// Starts the instances, and whatever strikes them.
    pub(crate) fn begin(self: &Arc<Self>) {
        for number in 0..self.outside.around.plan.town.instances {
            tokio::spawn(self.clone().keep_running(number));
        }
        tokio::spawn(self.clone().strike_cluster());
        tokio::spawn(self.clone().strike_others());
        tokio::spawn(self.clone().set_clocks());
        tokio::spawn(self.clone().ask_to_stop());
    }

    /// Starts an instance again whenever it has died.
    async fn keep_running(self: Arc<Self>, number: usize) {
        let around = &self.outside.around;
        loop {
            let instance = Instance::start(number, &self.outside, &self.dice);
            self.instances().insert(number, instance.clone());
            instance.life.ended().await;
            self.instances().remove(&number);
            sleep(around.millis(around.plan.lives.down)).await;
            around.note(|| format!("instance {number} starts"));
        }
    }

    async fn strike_cluster(self: Arc<Self>) {
        let Outside { around, cluster, .. } = &self.outside;
        let faults = &around.plan.cluster;
        tokio::join!(
            async {
                while around.next_of(faults.failovers_every).await {
                    cluster.fail_over()
                }
            },
            async {
                while around.next_of(faults.outages_every).await {
                    cluster.go_down()
                }
            },
            async {
                while around.next_of(faults.lags_every).await {
                    cluster.lag()
                }
            },
        );
    }

    async fn strike_others(self: Arc<Self>) {
        let Outside { around, keeper, books, .. } = &self.outside;
        let plan = &around.plan;
        tokio::join!(
            async {
                while around.next_of(plan.leases.forgets_every).await {
                    keeper.forget()
                }
            },
            async {
                while around.next_of(plan.gateway.down_every).await {
                    books.go_down()
                }
            },
        );
    }

    async fn set_clocks(self: Arc<Self>) {
        let around = &self.outside.around;
        while around.next_of(around.plan.clocks.set_every).await {
            if let Some(instance) = self.any() {
                instance.set_clock(around, &self.dice);
                around.note(|| format!("instance {} has its clock set", instance.number));
            }
        }
    }

    /// Some instance stops as it does for a new version.
    async fn ask_to_stop(self: Arc<Self>) {
        let around = &self.outside.around;
        while around.next_of(around.plan.lives.restarts_every).await {
            let Some(instance) = self.any() else { continue };
            around.note(|| format!("instance {} is asked to stop", instance.number));
            let life = instance.life.clone();
            life.run(Box::pin(async move {
                let _ = timeout(STOPS_WITHIN, instance.service.drain()).await;
                instance.life.end();
            }));
        }
    }

    /// Some instance that runs.
    pub(crate) fn any(&self) -> Option<Arc<Instance>> {
        let instances = self.instances();
        let running: Vec<_> = instances.values().collect();
        self.dice.pick(&running).map(|instance| Arc::clone(instance))
    }

    /// Makes a request of an instance, as over HTTP.
    pub(crate) async fn ask<T, F>(
        &self,
        instance: &Instance,
        request: impl FnOnce(Arc<Service>) -> F + Send + 'static,
    ) -> Heard<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let around = &self.outside.around;
        let faults = &around.plan.clients;
        around.travel().await;
        let (mut reply, answer) = oneshot::channel();
        let service = instance.service.clone();
        instance.life.run(Box::pin(async move {
            // Who hangs up is noticed; what was begun for them goes on elsewhere.
            let outcome = tokio::select! {
                biased;
                () = reply.closed() => return,
                outcome = request(service) => outcome,
            };
            drop(reply.send(outcome));
        }));
        let impatient = around.strikes(faults.impatient);
        let patience = if impatient { around.millis((5, 2_000)) } else { PATIENCE };
        let heard = match timeout(patience, answer).await {
            Err(_) => Heard::Nothing("no answer in time"),
            Ok(Err(_)) => Heard::Nothing("the connection was cut"),
            Ok(Ok(Err(error))) => Heard::Error(error),
            Ok(Ok(Ok(answer))) => Heard::Answer(answer),
        };
        around.travel().await;
        if around.strikes(faults.answer_lost) {
            Heard::Nothing("the answer was lost")
        } else {
            heard
        }
    }

    /// The same, written down. `None`: no instance runs, nothing was sent.
    pub(crate) async fn operate<T, F>(
        &self,
        call: Call,
        request: impl FnOnce(Arc<Service>) -> F + Send + 'static,
        seen: impl FnOnce(&T) -> Seen,
    ) -> Option<Heard<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let instance = self.any()?;
        let around = &self.outside.around;
        let op = self.begin_op(call, Some(instance.number));
        let heard = self.ask(&instance, request).await;
        let event = heard.event(op, around.time.now().as_millis(), seen);
        around.trace(|| format!("{event:?}"));
        around.saw(event);
        Some(heard)
    }

    /// Writes down that something is asked for.
    pub(crate) fn begin_op(&self, call: Call, of: Option<usize>) -> OpId {
        let around = &self.outside.around;
        let op = self.ops.fetch_add(1, Ordering::Relaxed) + 1;
        around.trace(|| format!("op {op} asks {of:?} to {call:?}"));
        around.saw(Event::Invoke { op, at: around.time.now().as_millis(), call });
        op
    }

    /// Writes down what a request with this key was told.
    pub(crate) fn note_key(&self, key: &ClaimKey, is_undone: bool) {
        let mut undone = self.undone.lock().unwrap_or_else(PoisonError::into_inner);
        *undone.entry(key.clone()).or_insert(true) &= is_undone;
    }

    /// Keys of which every request was told that it changed nothing.
    pub(crate) fn undone_keys(&self) -> Vec<ClaimKey> {
        let undone = self.undone.lock().unwrap_or_else(PoisonError::into_inner);
        undone.iter().filter(|(_, undone)| **undone).map(|(key, _)| key.clone()).collect()
    }

    /// The gateway tells it, as often as it takes.
    pub(crate) async fn tell(self: Arc<Self>, callback: Callback) {
        let Callback { event, after, mut repeats, insists } = callback;
        let around = self.outside.around.clone();
        sleep(after).await;
        for _ in 0..TOLD_MAX {
            let heard = self.tell_once(&event).await;
            let acknowledged =
                matches!(heard, Some(Heard::Answer(Received::Taken | Received::Repeated)));
            if acknowledged {
                self.outside.books.told(&event);
            }
            if acknowledged && repeats == 0 || !acknowledged && !insists {
                return;
            }
            repeats -= u32::from(acknowledged);
            sleep(around.millis((100, 8_000))).await;
        }
    }

    pub(crate) async fn tell_once(&self, event: &GatewayEvent) -> Option<Heard<Received>> {
        let instance = self.any()?;
        let word = event.clone();
        let request = |service: Arc<Service>| async move { service.receive(word).await };
        let heard = self.ask(&instance, request).await;
        self.outside.around.trace(|| format!("told {event:?}: {heard:?}"));
        Some(heard)
    }

    /// The management cancels a showtime, and asks until it hears that it is done.
    pub(crate) async fn cancel(&self, showtime: ShowtimeId) {
        let call = Call::CancelShowtime { showtime: showtime.to_string() };
        for _ in 0..5 {
            let cancel =
                move |service: Arc<Service>| async move { service.cancel_showtime(showtime).await };
            let heard = self.operate(call.clone(), cancel, |_| Seen::default()).await;
            if heard.is_some_and(|heard| heard.is_answer()) {
                return;
            }
            sleep(self.outside.around.millis((500, 3_000))).await;
        }
    }

    pub(crate) fn instances(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<Instance>>> {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
