use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisResult};
use seathold_core::{BookingId, SeatLabel, SeatState, ShowtimeId, Timestamp};
use seathold_service::model::Version;
use seathold_service::ports::{Feed, News};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::line::Line;
use super::send;

/// Commits of one showtime that are kept: more than all instances make between two
/// turns of one of them.
const KEPT: usize = 64;

/// How long they are kept after the last one: longer than anybody waits for a turn.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Seats that may change in a commit that is told of. After larger ones, the sweep of
/// a whole hall, loading the map is as good.
const SEATS_MAX: usize = 4_096;

/// What instances tell each other, as one stream per showtime: an entry for each
/// version, which is also its id, so that there is one at most.
pub struct RedisFeed {
    line: Arc<Line>,
}

impl RedisFeed {
    pub(super) fn over(line: Arc<Line>) -> Self {
        Self { line }
    }
}

#[async_trait]
impl Feed for RedisFeed {
    fn publish(&self, news: News) {
        if news.seats.len() > SEATS_MAX || self.line.admit().is_err() {
            return;
        }
        let (line, add) = (Arc::clone(&self.line), add(&news));
        send(async move {
            let tell = async |mut connection| match add.exec_async(&mut connection).await {
                // What is there is of later versions: told late, or of a history that
                // is no more.
                Err(error) if error.code() == Some("ERR") => {
                    forget(news.showtime, connection).await
                }
                answer => answer,
            };
            if let Err(error) = line.call(tell).await {
                tracing::debug!(showtime = %news.showtime, %error, "not told of a commit");
            }
        });
    }

    async fn since(&self, showtime: ShowtimeId, version: u64) -> Vec<News> {
        if self.line.admit().is_err() {
            return Vec::new();
        }
        let range = range(showtime, version);
        let read = async |mut connection| range.query_async::<Vec<Entry>>(&mut connection).await;
        let entries = self.line.call(read).await.unwrap_or_default();
        // What cannot be read leaves a gap, after which the map is loaded.
        entries.iter().filter_map(|entry| parse(showtime, entry)).collect()
    }
}

/// An entry's id, and its fields, each name before its value.
type Entry = (String, Vec<Vec<u8>>);

const FIELD: &str = "c";

fn key(showtime: ShowtimeId) -> String {
    format!("feed:booking:showtime:{{{showtime}}}")
}

fn add(news: &News) -> Pipeline {
    let (key, told) = (key(news.showtime), Told::from(news));
    let text = serde_json::to_vec(&told).expect("it has no keys that are not text");
    let mut pipeline = redis::pipe();
    pipeline.cmd("XADD").arg(&key).arg("MAXLEN").arg("~").arg(KEPT);
    pipeline.arg(format!("{}-0", made(news.at.number))).arg(FIELD).arg(text);
    pipeline.cmd("PEXPIRE").arg(&key).arg(KEPT_FOR.as_millis() as u64);
    pipeline
}

/// The number of the version that a commit on this one makes.
const fn made(on: u64) -> u64 {
    on + 1
}

async fn forget(showtime: ShowtimeId, mut connection: impl ConnectionLike) -> RedisResult<()> {
    redis::cmd("DEL").arg(key(showtime)).exec_async(&mut connection).await
}

fn range(showtime: ShowtimeId, version: u64) -> Cmd {
    let mut range = redis::cmd("XRANGE");
    range.arg(key(showtime)).arg(format!("{}-0", made(version))).arg("+").arg("COUNT").arg(KEPT);
    range
}

fn parse(showtime: ShowtimeId, (id, fields): &Entry) -> Option<News> {
    let number = id.split('-').next()?.parse::<u64>().ok()?.checked_sub(1)?;
    let told: Told = serde_json::from_slice(fields.get(1)?).ok()?;
    let made_by = told.after.map(|id| id.parse::<Uuid>()).transpose().ok()?;
    let seats = told.seats.into_iter().map(|(label, owner)| {
        Some((label.parse::<SeatLabel>().ok()?, owner.map_or(Some(SeatState::Available), state)?))
    });
    Some(News {
        showtime,
        id: told.id.parse().ok()?,
        at: Version { number, made_by },
        seats: seats.collect::<Option<_>>()?,
        available: told.available,
        cancelled_at: told.cancelled_at.map(Timestamp::from_millis),
    })
}

fn state((booking, user, until): Owner) -> Option<SeatState> {
    let (booking, user) = (booking.parse::<BookingId>().ok()?, user.parse().ok()?);
    Some(match until.map(Timestamp::from_millis) {
        Some(until) => SeatState::Held { booking, user, until },
        None => SeatState::Booked { booking, user },
    })
}

/// A commit on its way, in few letters.
#[derive(Serialize, Deserialize)]
struct Told {
    #[serde(rename = "i")]
    id: String,
    /// The commit it follows.
    #[serde(rename = "f")]
    after: Option<String>,
    #[serde(rename = "a")]
    available: u32,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<i64>,
    /// Labels, and who has them now.
    #[serde(rename = "s")]
    seats: Vec<(String, Option<Owner>)>,
}

/// Booking, user, and the end of a hold in ms.
type Owner = (String, String, Option<i64>);

impl From<&News> for Told {
    fn from(news: &News) -> Self {
        let owner = |state: &SeatState| match state {
            SeatState::Available => None,
            SeatState::Held { booking, user, until } => {
                Some((booking.to_string(), user.to_string(), Some(until.as_millis())))
            }
            SeatState::Booked { booking, user } => {
                Some((booking.to_string(), user.to_string(), None))
            }
        };
        let seats = news.seats.iter().map(|(label, state)| (label.to_string(), owner(state)));
        Self {
            id: news.id.to_string(),
            after: news.at.made_by.map(|id| id.to_string()),
            available: news.available,
            cancelled_at: news.cancelled_at.map(|at| at.as_millis()),
            seats: seats.collect(),
        }
    }
}
