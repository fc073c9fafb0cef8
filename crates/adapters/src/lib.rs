//! The outside world behind the service's ports: stores, leases, gateways, and
//! what the operating system provides.

pub mod documents;
pub mod embedded;
pub mod gateways;
pub mod lease;
pub mod mongo;
pub mod quotas;
pub mod receivers;
pub mod redis;
pub mod system;

pub use self::redis::{Backoff, RedisFeed, RedisLeases, RedisQuotas};
pub use embedded::{EmbeddedStore, OpenError};
pub use gateways::{Gateways, GenericGateway};
pub use lease::InProcessLeases;
pub use mongo::MongoStore;
pub use quotas::InProcessQuotas;
pub use receivers::WebReceivers;
pub use system::{SystemClock, SystemRandom, TokioTasks};
