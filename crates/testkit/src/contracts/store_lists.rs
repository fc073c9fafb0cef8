//! Lists of showtimes: what is in them, in which order, on which page.

use seathold_core::PriceTable;
use seathold_service::model::Showtime;
use seathold_service::ports::{PageRequest, ShowtimeFilter, ShowtimeSort, StoreError};

use super::samples::{at, map, showtime, showtime_id};
use super::{Checked, StoreKit};

#[doc(hidden)]
#[macro_export]
macro_rules! lists_contract {
    ($make:path) => {
        $crate::contract_tests! { $make:
            a_list_shows_showtimes_as_they_are_now
            a_list_is_searched_by_title_whatever_its_case
            a_list_is_narrowed_by_movie_and_by_start
            a_list_is_sorted_either_way_and_ties_go_by_id
            a_list_comes_in_pages_with_the_total
        }
    };
}

fn everything() -> ShowtimeFilter {
    ShowtimeFilter {
        search: None,
        movie_id: None,
        from: None,
        to: None,
        sort: ShowtimeSort::StartTime,
        descending: false,
        page: PageRequest { skip: 0, limit: 100 },
    }
}

async fn add(kit: &StoreKit, showtime: Showtime) -> Checked {
    kit.store.insert_showtime(&showtime, &map(&showtime)).await
}

/// The numbers of the showtimes on a page.
async fn listed(kit: &StoreKit, filter: ShowtimeFilter) -> Result<Vec<u32>, StoreError> {
    let page = kit.store.list_showtimes(&filter).await?;
    let number = |id| (0..10).find(|n| showtime_id(*n) == id).expect("it is one of ours");
    Ok(page.data.iter().map(|summary| number(summary.showtime.id)).collect())
}

pub async fn a_list_shows_showtimes_as_they_are_now(kit: &StoreKit) -> Checked {
    add(kit, showtime(1)).await?;
    let page = kit.store.list_showtimes(&everything()).await?;
    let summary = kit.store.summary(showtime_id(1)).await?;
    assert_eq!((page.data.first(), page.total), (summary.as_ref(), 1));
    Ok(())
}

pub async fn a_list_is_searched_by_title_whatever_its_case(kit: &StoreKit) -> Checked {
    for (n, title) in [(1, "The Matrix"), (2, "matrix (1999)"), (3, "Mắt Biếc"), (4, "100% [a.*]")]
    {
        add(kit, Showtime { title: title.to_owned(), ..showtime(n) }).await?;
    }
    let search = async |text: &str| {
        listed(kit, ShowtimeFilter { search: Some(text.to_owned()), ..everything() }).await
    };
    assert_eq!(search("MATRIX").await?, [1, 2]);
    assert_eq!(search("x (1").await?, [2]);
    assert_eq!(search("MẮT b").await?, [3]);
    assert_eq!(search("[a.*]").await?, [4], "a search is no pattern");
    assert!(search("a.*x").await?.is_empty());
    Ok(())
}

pub async fn a_list_is_narrowed_by_movie_and_by_start(kit: &StoreKit) -> Checked {
    for (n, movie, start) in [(1, "a", 10), (2, "b", 20), (3, "a", 30), (4, "ab", 40)] {
        let showtime =
            Showtime { movie_id: movie.to_owned(), start_time: at(start), ..showtime(n) };
        add(kit, showtime).await?;
    }
    let of_movie = ShowtimeFilter { movie_id: Some("a".to_owned()), ..everything() };
    assert_eq!(listed(kit, of_movie.clone()).await?, [1, 3]);
    assert_eq!(
        listed(kit, ShowtimeFilter { from: Some(at(20)), ..everything() }).await?,
        [2, 3, 4]
    );
    assert_eq!(listed(kit, ShowtimeFilter { to: Some(at(20)), ..everything() }).await?, [1, 2]);
    let both = ShowtimeFilter { from: Some(at(11)), to: Some(at(30)), ..of_movie };
    assert_eq!(listed(kit, both).await?, [3]);
    Ok(())
}

pub async fn a_list_is_sorted_either_way_and_ties_go_by_id(kit: &StoreKit) -> Checked {
    let sorted = [(1, 30, "b", 200), (2, 10, "B", 100), (3, 20, "a", 200), (4, 10, "c", 300)];
    for (n, start, title, price) in sorted {
        let price = PriceTable::new(price, 1000 - price, 0).expect("it is a price");
        let title = title.to_owned();
        add(kit, Showtime { start_time: at(start), title, price, ..showtime(n) }).await?;
    }
    for (sort, mut expected) in [
        (ShowtimeSort::StartTime, [2, 4, 3, 1]),
        (ShowtimeSort::Title, [2, 3, 1, 4]),
        (ShowtimeSort::Price, [2, 1, 3, 4]),
    ] {
        assert_eq!(listed(kit, ShowtimeFilter { sort, ..everything() }).await?, expected);
        expected.reverse();
        let backwards = ShowtimeFilter { sort, descending: true, ..everything() };
        assert_eq!(listed(kit, backwards).await?, expected);
    }
    Ok(())
}

pub async fn a_list_comes_in_pages_with_the_total(kit: &StoreKit) -> Checked {
    for n in 1..=5 {
        add(kit, showtime(n)).await?;
    }
    for (skip, limit, expected) in
        [(0, 2, &[1, 2][..]), (2, 2, &[3, 4]), (4, 2, &[5]), (5, 2, &[]), (u64::MAX, 2, &[])]
    {
        let filter = ShowtimeFilter { page: PageRequest { skip, limit }, ..everything() };
        assert_eq!(kit.store.list_showtimes(&filter).await?.total, 5);
        assert_eq!(listed(kit, filter).await?, expected);
    }
    Ok(())
}
