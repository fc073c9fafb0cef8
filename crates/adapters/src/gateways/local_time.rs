//! Times as Vietnamese providers write them: GMT+7, without separators.

use chrono::{DateTime, FixedOffset, NaiveDateTime};
use seathold_core::Timestamp;
use seathold_service::ports::GatewayError;

/// GMT+7, all year round.
const OFFSET_SECONDS: i32 = 7 * 3600;

/// The day, e.g. `240521`.
pub(super) fn day(at: Timestamp) -> Result<String, GatewayError> {
    format(at, "%y%m%d")
}

/// The second, e.g. `20240521091806`.
pub(super) fn second(at: Timestamp) -> Result<String, GatewayError> {
    format(at, "%Y%m%d%H%M%S")
}

/// Reads [`second`].
pub(super) fn parse_second(text: &str) -> Option<Timestamp> {
    let local = NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok()?;
    let seconds = local.and_utc().timestamp() - i64::from(OFFSET_SECONDS);
    Some(Timestamp::from_millis(seconds * 1000))
}

fn format(at: Timestamp, pattern: &str) -> Result<String, GatewayError> {
    let zone = FixedOffset::east_opt(OFFSET_SECONDS);
    let date = DateTime::from_timestamp_millis(at.as_millis()).zip(zone);
    let date = date.ok_or_else(|| GatewayError("a time is out of range".to_owned()))?;
    Ok(date.0.with_timezone(&date.1).format(pattern).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_begins_seven_hours_before_utc_does() {
        let eve = Timestamp::from_millis(1_716_224_400_000);
        assert_eq!(second(eve).expect("in range"), "20240521000000");
        assert_eq!(day(eve).expect("in range"), "240521");
        assert_eq!(parse_second("20240521000000"), Some(eve));
        assert_eq!(parse_second("2024-05-21"), None);
    }
}
