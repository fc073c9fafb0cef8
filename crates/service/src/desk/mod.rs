//! The desk: many requests, one update. At most one desk per showtime and
//! process, a task with a bounded queue; all that changes seats goes through it.

mod batch;
mod claims;
mod crowd;
mod entry;
mod plan;
mod stride;
mod task;
mod undo;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crowd::Crowd;
use seathold_core::{BookingId, SeatLabel, ShowtimeId, Timestamp, UserId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::limits::{COMMAND_TIME_MS, DESK_QUEUE, Rules};
use crate::maps::Maps;
use crate::ports::{Env, Feed, Leases, Store};
use crate::requests::{HoldRequest, Reply};
use crate::{Error, desk::task::Desk};

/// What becomes of seats, other than by a hold.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// Sell a booking's seats, see [`seathold_core::Command::Sell`]; by the
    /// store's clock only before `commit_by`.
    Sell {
        booking: BookingId,
        user: UserId,
        seats: Vec<SeatLabel>,
        take_back: bool,
        commit_by: Timestamp,
    },
    /// Let a booking's hold last at least until then.
    Extend { booking: BookingId, until: Timestamp },
    /// Free a pending booking's seats.
    Cancel { booking: BookingId },
    /// Free a sold booking's seats.
    Refund { booking: BookingId },
    /// Free the seats whose hold was over then.
    Expire { before: Timestamp },
    /// Cancel the showtime.
    CancelShowtime,
}

/// What an order has changed.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    /// When it was decided.
    pub(crate) at: Timestamp,
    /// The bookings that lost seats.
    pub(crate) displaced: Vec<BookingId>,
}

type Answer<T> = oneshot::Sender<Result<T, Error>>;

enum Work {
    Hold(Box<HoldRequest>, Answer<Reply>),
    Order(Order, Answer<Changed>),
}

/// A command in the queue.
struct Ticket {
    work: Work,
    /// Not served any more from then on.
    deadline: Timestamp,
    /// Since when it waits.
    since: Instant,
}

impl Ticket {
    const fn is_hold(&self) -> bool {
        matches!(self.work, Work::Hold(..))
    }

    fn refuse(self, error: Error) {
        // Whoever asked may be gone: then nobody needs to know.
        match self.work {
            Work::Hold(_, answer) => drop(answer.send(Err(error))),
            Work::Order(_, answer) => drop(answer.send(Err(error))),
        }
    }
}

/// What every desk works with.
pub(crate) struct Shared {
    pub(crate) env: Env,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) leases: Arc<dyn Leases>,
    pub(crate) feed: Arc<dyn Feed>,
    pub(crate) maps: Arc<Maps>,
    pub(crate) rules: Rules,
    /// Whether anybody is told of bookings.
    pub(crate) tells: bool,
    pub(crate) open: Mutex<Open>,
}

/// The open desks. Closed for good once draining begins.
#[derive(Default)]
pub(crate) struct Open {
    desks: BTreeMap<ShowtimeId, Handle>,
    draining: bool,
}

/// What leads to a desk.
struct Handle {
    queue: mpsc::Sender<Ticket>,
    crowd: Arc<Crowd>,
}

impl Handle {
    /// Queues a command; a hold not if too many wait before it. What was begun before,
    /// a payment above all, is not turned away for those who come new.
    fn send(&self, ticket: Ticket) -> Result<(), mpsc::error::TrySendError<Ticket>> {
        let waiting = DESK_QUEUE - self.queue.capacity();
        if ticket.is_hold() && self.crowd.is_too_long(waiting) {
            return Err(mpsc::error::TrySendError::Full(ticket));
        }
        self.queue.try_send(ticket)
    }
}

impl Shared {
    fn open(&self) -> std::sync::MutexGuard<'_, Open> {
        // Nothing panics while holding it, and a map of senders is never half-made.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle to all desks: hides their channels.
pub(crate) struct Desks {
    shared: Arc<Shared>,
    /// Each desk holds a sender; nothing is ever sent. Closed when all are gone.
    alive: Mutex<Option<mpsc::Sender<()>>>,
    gone: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

impl Desks {
    pub(crate) fn new(shared: Shared) -> Self {
        let (alive, gone) = mpsc::channel(1);
        let shared = Arc::new(shared);
        Self { shared, alive: Mutex::new(Some(alive)), gone: tokio::sync::Mutex::new(gone) }
    }

    /// Queues a hold and waits for what becomes of it.
    pub(crate) async fn hold(&self, request: HoldRequest) -> Result<Reply, Error> {
        let (answer, reply) = oneshot::channel();
        let showtime = request.showtime;
        self.queue(showtime, Work::Hold(Box::new(request), answer))?;
        // A desk that is gone without an answer has crashed mid-way.
        reply.await.unwrap_or(Err(Error::Unknown))
    }

    /// Queues an order and waits for what becomes of it.
    pub(crate) async fn order(&self, showtime: ShowtimeId, order: Order) -> Result<Changed, Error> {
        let (answer, reply) = oneshot::channel();
        self.queue(showtime, Work::Order(order, answer))?;
        reply.await.unwrap_or(Err(Error::Unknown))
    }

    /// Takes nothing more, and waits until every desk has finished its queue.
    pub(crate) async fn drain(&self) {
        {
            let mut open = self.shared.open();
            open.draining = true;
            open.desks.clear();
        }
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Never yields a message: it closes when the last desk is gone.
        let _ = self.gone.lock().await.recv().await;
    }

    fn queue(&self, showtime: ShowtimeId, work: Work) -> Result<(), Error> {
        let deadline = self.shared.env.now().plus_millis(COMMAND_TIME_MS);
        let mut ticket = Ticket { work, deadline, since: Instant::now() };
        let mut open = self.shared.open();
        if open.draining {
            return Err(Error::Unavailable);
        }
        if let Some(desk) = open.desks.get(&showtime) {
            match desk.send(ticket) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(_)) => {
                    metrics::counter!("seathold_desk_turned_away_total").increment(1);
                    return Err(Error::Busy);
                }
                // It has just gone idle: a new one takes its place.
                Err(mpsc::error::TrySendError::Closed(back)) => ticket = back,
            }
        }
        let desk = self.start(showtime).ok_or(Error::Unavailable)?;
        desk.send(ticket).map_err(|_| Error::Busy)?;
        open.desks.insert(showtime, desk);
        Ok(())
    }

    fn start(&self, showtime: ShowtimeId) -> Option<Handle> {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let (sender, queue) = mpsc::channel(DESK_QUEUE);
        let crowd = Arc::new(Crowd::new());
        let desk = Desk::new(showtime, self.shared.clone(), queue, Arc::clone(&crowd));
        self.shared.env.tasks.spawn(Box::pin(async move {
            desk.run().await;
            drop(alive);
        }));
        Some(Handle { queue: sender, crowd })
    }
}
