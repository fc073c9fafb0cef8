//! Text becomes a type once, or is turned away.

mod ids;
mod money;
mod object_ids;
mod seat_labels;
mod seat_maps;
mod time;

/// Says of each text whether it parses, and complains about those that should not.
fn assert_none_parses<T: std::str::FromStr + std::fmt::Debug>(texts: &[&str]) {
    for text in texts {
        if let Ok(value) = text.parse::<T>() {
            panic!("{text:?} parses as {value:?}");
        }
    }
}
