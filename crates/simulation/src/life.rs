//! The life of an instance: it may stop for a while, as a process does that is
//! swapped out, and it may die between any two steps.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::BoxFuture;
use seathold_service::ports::Spawn;
use tokio::sync::Notify;
use tokio::time::sleep;

/// Whatever an instance does is done by tasks of its life: all of it stops at once.
#[derive(Default)]
pub(crate) struct Life {
    inner: Mutex<Inner>,
    ended: Notify,
}

#[derive(Default)]
struct Inner {
    is_over: bool,
    /// Pauses that are not over.
    pauses: u32,
    /// What wakes its tasks, by their numbers.
    wakers: BTreeMap<u64, Waker>,
    tasks: u64,
}

impl Life {
    /// Runs a task for as long as this life lasts.
    pub(crate) fn run(self: &Arc<Self>, work: BoxFuture<'static, ()>) {
        let mut inner = self.inner();
        inner.tasks += 1;
        let task = Task { life: self.clone(), number: inner.tasks, work: Some(work) };
        drop(inner);
        tokio::spawn(task);
    }

    /// It dies. Nothing of what it was about to do is done.
    pub(crate) fn end(&self) {
        let mut inner = self.inner();
        inner.is_over = true;
        Self::wake_all(inner);
        self.ended.notify_one();
    }

    /// Waits, for one who watches, until it has died.
    pub(crate) async fn ended(&self) {
        self.ended.notified().await;
    }

    /// It stands still for so long. What it waits for goes on.
    pub(crate) fn pause(self: &Arc<Self>, time: Duration) {
        self.inner().pauses += 1;
        let life = self.clone();
        tokio::spawn(async move {
            sleep(time).await;
            let mut inner = life.inner();
            inner.pauses -= 1;
            Self::wake_all(inner);
        });
    }

    /// Waits until it is known whether there is a next step: the one place at which
    /// a task that has just stopped itself, or died, goes no further.
    pub(crate) async fn go_on(&self) {
        let mut looked = false;
        poll_fn(|context| {
            if std::mem::replace(&mut looked, true) || !self.inner().is_stopped() {
                return Poll::Ready(());
            }
            // Whoever runs it does not ask again before it may go on.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.inner().is_over
    }

    fn wake_all(inner: MutexGuard<'_, Inner>) {
        let wakers: Vec<Waker> = inner.wakers.values().cloned().collect();
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    const fn is_stopped(&self) -> bool {
        self.is_over || self.pauses > 0
    }
}

struct Task {
    life: Arc<Life>,
    number: u64,
    work: Option<BoxFuture<'static, ()>>,
}

impl Task {
    /// Notes who is to be woken; whether there is anything to do now.
    fn may_go_on(&self, context: &Context<'_>) -> Option<bool> {
        let mut inner = self.life.inner();
        if inner.is_over {
            return None;
        }
        let waker = inner.wakers.entry(self.number).or_insert_with(|| context.waker().clone());
        waker.clone_from(context.waker());
        Some(!inner.is_stopped())
    }

    fn ends(&mut self) -> Poll<()> {
        self.work = None;
        self.life.inner().wakers.remove(&self.number);
        Poll::Ready(())
    }
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.may_go_on(context) {
            None => return self.ends(),
            Some(false) => return Poll::Pending,
            Some(true) => {}
        }
        let done = self.work.as_mut().is_none_or(|work| work.as_mut().poll(context).is_ready());
        if done || self.life.is_over() { self.ends() } else { Poll::Pending }
    }
}

/// How the service starts its tasks.
pub(crate) struct Tasks(pub(crate) Arc<Life>);

impl Spawn for Tasks {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.run(task);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Counts seconds.
    fn counting(life: &Arc<Life>) -> Arc<AtomicU64> {
        let count = Arc::new(AtomicU64::new(0));
        let counter = count.clone();
        life.run(Box::pin(async move {
            loop {
                sleep(Duration::from_secs(1)).await;
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }));
        count
    }

    #[tokio::test(start_paused = true)]
    async fn a_life_that_is_over_does_nothing_more() {
        let life = Arc::<Life>::default();
        let count = counting(&life);
        sleep(Duration::from_millis(2500)).await;
        life.end();
        sleep(Duration::from_secs(10)).await;
        assert_eq!(count.load(Ordering::Relaxed), 2);
        assert_eq!(Arc::strong_count(&count), 1, "its tasks are gone");
    }

    #[tokio::test(start_paused = true)]
    async fn a_life_that_pauses_stands_still_for_so_long() {
        let life = Arc::<Life>::default();
        let count = counting(&life);
        // So that it has begun to wait.
        sleep(Duration::from_millis(500)).await;
        life.pause(Duration::from_millis(5500));
        sleep(Duration::from_millis(5400)).await;
        assert_eq!(count.load(Ordering::Relaxed), 0);
        sleep(Duration::from_millis(2000)).await;
        assert_eq!(count.load(Ordering::Relaxed), 2, "one late, one in time");
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ends_its_own_life_goes_no_further() {
        let (life, reached) = (Arc::<Life>::default(), Arc::new(AtomicU64::new(0)));
        let (own, flag) = (life.clone(), reached.clone());
        life.run(Box::pin(async move {
            own.end();
            own.go_on().await;
            flag.store(1, Ordering::Relaxed);
        }));
        sleep(Duration::from_secs(1)).await;
        assert_eq!(reached.load(Ordering::Relaxed), 0);
    }
}
