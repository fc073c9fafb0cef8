//! Which Redis is called: always the same one, or whichever the Sentinels name.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::sentinel::Sentinel;
use redis::{Client, ConnectionAddr, ErrorKind, RedisError, RedisResult};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::address::{Address, Named};

/// How often the Sentinels are asked while nothing is wrong: an instance that still
/// reaches a primary which the others have left would share no lock with them.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long to wait at least between two questions, however much is wrong.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// How long one question may take, a Sentinel that does not answer included.
const LOOK_TIME: Duration = Duration::from_secs(3);

/// Gives the connection to the Redis that is to be called.
pub(super) enum Source {
    Fixed(ConnectionManager),
    Followed(Followed),
}

/// The primary that the Sentinels named last.
pub(super) struct Followed {
    primary: watch::Receiver<Option<Primary>>,
    doubt: Arc<Notify>,
    /// Asks the Sentinels, as long as this is there.
    _follower: JoinSet<()>,
}

struct Primary {
    place: ConnectionAddr,
    connection: ConnectionManager,
}

impl Source {
    /// Connects with the first call; what is followed is looked for at once.
    pub(super) fn open(url: &str, config: ConnectionManagerConfig) -> RedisResult<Self> {
        match Address::parse(url)? {
            Address::Fixed(info) => {
                Client::open(info)?.get_connection_manager_lazy(config).map(Self::Fixed)
            }
            Address::Named(named) => Followed::begin(named, config).map(Self::Followed),
        }
    }

    /// The connection; waits until it is known where the primary is.
    pub(super) async fn connection(&self) -> RedisResult<ConnectionManager> {
        let followed = match self {
            Self::Fixed(connection) => return Ok(connection.clone()),
            Self::Followed(followed) => followed,
        };
        let mut primary = followed.primary.clone();
        let known = primary.wait_for(Option::is_some).await.ok();
        let connection = known.and_then(|it| it.as_ref().map(|it| it.connection.clone()));
        connection.ok_or_else(|| RedisError::from((ErrorKind::Io, "nobody asks the Sentinels")))
    }

    /// A call has failed: perhaps another is the primary now.
    pub(super) fn doubt(&self) {
        if let Self::Followed(followed) = self {
            followed.doubt.notify_one();
        }
    }
}

impl Followed {
    fn begin(named: Named, config: ConnectionManagerConfig) -> RedisResult<Self> {
        let sentinels = Sentinel::build(named.sentinels.clone())?;
        let (tell, primary) = watch::channel(None);
        let doubt = Arc::new(Notify::new());
        let mut follower = JoinSet::new();
        follower.spawn(follow(sentinels, named, config, tell, Arc::clone(&doubt)));
        Ok(Self { primary, doubt, _follower: follower })
    }
}

async fn follow(
    mut sentinels: Sentinel,
    named: Named,
    config: ConnectionManagerConfig,
    tell: watch::Sender<Option<Primary>>,
    doubt: Arc<Notify>,
) {
    loop {
        let asked = sentinels.async_master_for(&named.name, Some(&named.node));
        match timeout(LOOK_TIME, asked).await {
            Ok(Ok(client)) => turn_to(&client, &config, &tell),
            // While they elect one there is none; Redis is called where it was.
            Ok(Err(error)) => tracing::debug!(%error, "the Sentinels name no primary"),
            Err(_) => tracing::debug!("the Sentinels do not answer"),
        }
        sleep(LOOK_PAUSE).await;
        // Doubted or not, then it is time to ask again.
        let _ = timeout(LOOK_EVERY, doubt.notified()).await;
    }
}

/// Calls the primary at the client's address from now on.
fn turn_to(
    client: &Client,
    config: &ConnectionManagerConfig,
    tell: &watch::Sender<Option<Primary>>,
) {
    let place = client.get_connection_info().addr();
    if tell.borrow().as_ref().is_some_and(|known| known.place == *place) {
        return;
    }
    match client.get_connection_manager_lazy(config.clone()) {
        Ok(connection) => {
            tracing::info!(%place, "the Sentinels name this Redis the primary");
            tell.send_replace(Some(Primary { place: place.clone(), connection }));
        }
        Err(error) => tracing::warn!(%place, %error, "the primary cannot be connected to"),
    }
}
