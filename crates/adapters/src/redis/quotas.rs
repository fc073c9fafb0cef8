use std::sync::Arc;

use async_trait::async_trait;
use seathold_core::Timestamp;
use seathold_service::ports::{Account, Charged, Quotas};

use super::line::Line;
use super::scripts::Call;
use crate::quotas::{InProcessQuotas, micros};

/// Counts the requests of all instances, in one call of Redis each. While Redis is
/// away, each instance counts its own.
pub struct RedisQuotas {
    line: Arc<Line>,
    own: InProcessQuotas,
}

impl RedisQuotas {
    pub(super) fn over(line: Arc<Line>) -> Self {
        Self { line, own: InProcessQuotas::default() }
    }

    async fn ask(&self, accounts: &[Account], now: i64) -> Option<Charged> {
        self.line.admit().ok()?;
        let charge = Call::charge(accounts, now);
        let answer = self.line.call(|connection| charge.make::<Vec<i64>>(connection)).await.ok()?;
        let (granted, full_at) = answer.split_first()?;
        let balance = |(account, full_at): (&Account, &i64)| account.quota.balance(*full_at, now);
        Some(Charged {
            granted: *granted == 1,
            balances: accounts.iter().zip(full_at).map(balance).collect(),
        })
    }
}

#[async_trait]
impl Quotas for RedisQuotas {
    async fn charge(&self, accounts: &[Account], now: Timestamp) -> Charged {
        if let Some(charged) = self.ask(accounts, micros(now)).await {
            return charged;
        }
        metrics::counter!("seathold_rate_limit_own_count_total").increment(1);
        self.own.charge(accounts, now).await
    }
}
