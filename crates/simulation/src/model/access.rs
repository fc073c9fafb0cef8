use std::sync::{Arc, Mutex, PoisonError};

use seathold_core::Timestamp;
use seathold_service::ports::{Clock, Store};

use super::{Done, State, StoreOf};

/// How calls get to the records.
pub(crate) trait Access: Send + Sync + 'static {
    /// Asks, by a call of this name.
    fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        call: impl Fn(&State) -> T + Send + Sync + 'static,
    ) -> impl Future<Output = Done<T>> + Send;

    /// Changes something, in one step. The call is told what the store's clock
    /// says, and brings about the same whenever it is made on the same records at
    /// the same moment.
    fn write<T: Send + 'static>(
        &self,
        name: &'static str,
        call: impl Fn(&mut State, Timestamp) -> Done<T> + Send + Sync + 'static,
    ) -> impl Future<Output = Done<T>> + Send;

    /// Whether this call, which changes several records, is made of steps with
    /// others in between.
    fn is_torn(&self) -> bool;
}

/// At once, and without fail.
struct Direct {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

/// An empty store in memory that goes by this clock.
#[must_use]
pub fn model_store(clock: Arc<dyn Clock>) -> Arc<dyn Store> {
    Arc::new(StoreOf(Direct { state: Mutex::default(), clock }))
}

impl Access for Direct {
    async fn read<T: Send + 'static>(
        &self,
        _: &'static str,
        call: impl Fn(&State) -> T + Send + Sync + 'static,
    ) -> Done<T> {
        Ok(call(&self.state.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    async fn write<T: Send + 'static>(
        &self,
        _: &'static str,
        call: impl Fn(&mut State, Timestamp) -> Done<T> + Send + Sync + 'static,
    ) -> Done<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        call(&mut state, self.clock.now())
    }

    fn is_torn(&self) -> bool {
        false
    }
}
