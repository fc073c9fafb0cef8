use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use seathold_core::ShowtimeId;
use seathold_service::ports::{Lease, LeaseError, Leases};
use seathold_simulation::{Ports, Wrap};
use uuid::Uuid;

/// Whoever gives a lease back takes it from whoever has it.
pub(super) fn without_owner_check() -> Wrap {
    let owners = Owners::default();
    Arc::new(move |ports: Ports| {
        let leases = Arc::new(Careless { inner: ports.leases.clone(), owners: owners.clone() });
        Ports { leases, ..ports }
    })
}

type Owners = Arc<Mutex<BTreeMap<ShowtimeId, Uuid>>>;

struct Careless {
    inner: Arc<dyn Leases>,
    owners: Owners,
}

#[async_trait]
impl Leases for Careless {
    async fn acquire(
        &self,
        showtime: ShowtimeId,
        token: Uuid,
        ttl: Duration,
        wait: Duration,
    ) -> Result<Option<Lease>, LeaseError> {
        let granted = self.inner.acquire(showtime, token, ttl, wait).await?;
        if granted.is_some() {
            self.owners.lock().expect("nobody panics").insert(showtime, token);
        }
        Ok(granted)
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, LeaseError> {
        self.inner.renew(lease, ttl).await
    }

    async fn release(&self, lease: &Lease) -> Result<bool, LeaseError> {
        let owner = self.owners.lock().expect("nobody panics").get(&lease.showtime).copied();
        let token = owner.unwrap_or(lease.token);
        self.inner.release(&Lease { token, ..lease.clone() }).await
    }

    async fn ping(&self) -> Result<(), LeaseError> {
        self.inner.ping().await
    }
}
