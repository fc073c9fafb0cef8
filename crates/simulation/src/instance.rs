//! An instance: the service as it really is, on ports that lead over wires.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use seathold_core::Timestamp;
use seathold_service::model::ReceiverId;
use seathold_service::model::{Booking, BookingEvent};
use seathold_service::ports::{
    Clock, Env, Feed, Gateway, Leases, Message, NotTold, Receivers, Store,
};
use seathold_service::{Outbound, Parts, Rules, Service};
use tokio::time::sleep;

use crate::books::{Books, ToGateway};
use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::keeper::{Keeper, ToKeeper};
use crate::life::{Life, Tasks};
use crate::model::StoreOf;
use crate::surroundings::Surroundings;
use crate::time::WrongClock;
use crate::wire::{ToStore, Wire};

/// What an instance stands on. A test that plants a bug puts something else in the
/// place of one of them.
pub struct Ports {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The keeper of leases.
    pub leases: Arc<dyn Leases>,
    /// What instances tell each other.
    pub feed: Arc<dyn Feed>,
    /// The gateway.
    pub gateway: Arc<dyn Gateway>,
}

/// Puts something else in the place of ports.
pub type Wrap = Arc<dyn Fn(Ports) -> Ports + Send + Sync>;

/// What all instances have in common.
pub(crate) struct Outside {
    pub(crate) around: Arc<Surroundings>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) books: Arc<Books>,
    pub(crate) wrap: Option<Wrap>,
}

pub(crate) struct Instance {
    pub(crate) number: usize,
    pub(crate) life: Arc<Life>,
    pub(crate) service: Arc<Service>,
    pub(crate) clock: Arc<WrongClock>,
}

impl Instance {
    /// One that has just started, with nothing in memory.
    pub(crate) fn start(number: usize, outside: &Outside, dice: &Dice) -> Arc<Self> {
        let Outside { around, cluster, keeper, books, wrap } = outside;
        let (life, clock) = (Arc::<Life>::default(), Arc::new(WrongClock::new(around.time)));
        let wire = Wire { around: around.clone(), life: life.clone(), number };
        let to_store = ToStore { wire: wire.clone(), cluster: cluster.clone() };
        let to_keeper = || ToKeeper { wire: wire.clone(), keeper: keeper.clone() };
        let ports = Ports {
            store: Arc::new(StoreOf(to_store)),
            leases: Arc::new(to_keeper()),
            feed: Arc::new(to_keeper()),
            gateway: Arc::new(ToGateway { wire: wire.clone(), books: books.clone() }),
        };
        let Ports { store, leases, feed, gateway } = match wrap {
            Some(wrap) => wrap(ports),
            None => ports,
        };
        let env = Env {
            clock: clock.clone() as Arc<dyn Clock>,
            random: Arc::new(dice.for_("instance")),
            tasks: Arc::new(Tasks(life.clone())),
        };
        let (outbound, rules) = (outbound(around), rules(around));
        let parts = Parts { env, store, leases, feed, gateway, outbound, rules };
        let service = Service::new(parts);
        let instance = Arc::new(Self { number, life, service, clock });
        instance.set_clock(around, dice);
        instance.clone().run_jobs(around.clone());
        instance
    }

    /// Somebody sets its clock.
    pub(crate) fn set_clock(&self, around: &Surroundings, dice: &Dice) {
        let clocks = &around.plan.clocks;
        let up_to = |most: i64| {
            let most = most.unsigned_abs();
            dice.between(0, 2 * most) as i64 - most as i64
        };
        self.clock.set(up_to(clocks.off_ms), up_to(clocks.drift_ppm));
    }

    /// What a server does by the clock.
    fn run_jobs(self: Arc<Self>, around: Arc<Surroundings>) {
        let (life, service) = (self.life.clone(), self.service.clone());
        life.run(Box::pin(async move {
            while !around.is_calm() {
                sleep(around.millis(around.plan.town.rounds)).await;
                Box::pin(round(&service)).await;
            }
        }));
    }
}

/// One round of all jobs. What fails is repeated by the next.
async fn round(service: &Arc<Service>) {
    let _ = tokio::join!(
        service.sweep(),
        service.settle_inbox(),
        service.settle_payments(),
        service.settle_given_back(),
        service.settle_cancelled_showtimes(),
        service.settle_refunds(),
        service.tell_events(),
        service.purge_claims(),
    );
}

fn rules(around: &Surroundings) -> Rules {
    let town = &around.plan.town;
    Rules {
        hold_ttl_ms: town.hold_ms,
        max_seats_per_user: town.seats_per_user,
        refund_closes_ms: 0,
        ..Rules::default()
    }
}

fn outbound(around: &Arc<Surroundings>) -> Outbound {
    if !around.plan.town.receivers {
        return Outbound::none();
    }
    let render = |event: BookingEvent, at: Timestamp, booking: &Booking| {
        format!("{} {} {}", event.as_str(), at.as_millis(), booking.id).into_bytes()
    };
    Outbound { receivers: Arc::new(Audience(around.clone())), render, at_once: true }
}

/// One receiver, who does not always listen.
struct Audience(Arc<Surroundings>);

#[async_trait]
impl Receivers for Audience {
    fn all(&self) -> Vec<ReceiverId> {
        vec![ReceiverId([7; 8])]
    }

    fn address(&self, _: ReceiverId) -> Option<String> {
        None
    }

    async fn tell(&self, _: ReceiverId, _: &Message) -> Result<(), NotTold> {
        self.0.travel().await;
        match self.0.strikes(100) {
            true => Err(NotTold("busy".to_owned())),
            false => Ok(()),
        }
    }
}

/// How long an instance that is asked to stop is given for it.
pub(crate) const STOPS_WITHIN: Duration = Duration::from_secs(10);
