//! Spans of time, and which of them reaches how far.

/// A time during which somebody owns something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Its first moment.
    pub(super) from: i64,
    /// Its last moment.
    pub(super) to: i64,
    /// Who owns.
    pub(super) who: usize,
    /// By which booking.
    pub(super) booking: usize,
}

/// Spans by their beginning, so that the one that reaches the furthest is found fast.
#[derive(Debug, Default)]
pub(super) struct Cover {
    spans: Vec<Span>,
    /// Up to each span: the one that reaches the furthest, and the furthest of anybody
    /// else's.
    reach: Vec<(usize, Option<usize>)>,
}

impl Cover {
    /// Of these spans, in any order.
    pub(super) fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable_by_key(|span| (span.from, span.to, span.who, span.booking));
        let mut reach = Vec::with_capacity(spans.len());
        for (index, span) in spans.iter().enumerate() {
            let Some(&(first, second)) = reach.last() else {
                reach.push((index, None));
                continue;
            };
            let best: &Span = &spans[first];
            let further = second.is_none_or(|second: usize| span.to > spans[second].to);
            reach.push(match (span.to > best.to, span.who == best.who) {
                (true, true) => (index, second),
                (true, false) => (index, Some(first)),
                (false, false) if further => (first, Some(index)),
                (false, _) => (first, second),
            });
        }
        Self { spans, reach }
    }

    /// Of the spans that begin before `before`, the one that reaches the furthest;
    /// none of `not`, if given.
    pub(super) fn furthest(&self, before: i64, not: Option<usize>) -> Option<&Span> {
        let count = self.spans.partition_point(|span| span.from < before);
        let (first, second) = self.reach.get(count.checked_sub(1)?)?;
        let chosen = if Some(self.spans[*first].who) == not { (*second)? } else { *first };
        Some(&self.spans[chosen])
    }

    /// A span that touches `[from, to]`, of anybody but `not`.
    pub(super) fn touching(&self, from: i64, to: i64, not: Option<usize>) -> Option<&Span> {
        self.furthest(to.saturating_add(1), not).filter(|span| span.to >= from)
    }

    /// A span that holds all of `[from, to]` with time to spare on both sides, of anybody
    /// but `not`: it had begun before, and went on after.
    pub(super) fn around(&self, from: i64, to: i64, not: Option<usize>) -> Option<&Span> {
        self.furthest(from, not).filter(|span| span.to > to)
    }

    /// All spans, by their beginning.
    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spans() -> impl Strategy<Value = Vec<Span>> {
        let span = (0_i64..20, 0_i64..20, 0_usize..4);
        let span = span.prop_map(|(from, length, who)| Span {
            from,
            to: from + length,
            who,
            booking: who,
        });
        proptest::collection::vec(span, 0..12)
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_search_of_all_spans_finds(
            spans in spans(), from in 0_i64..40, length in 0_i64..10, not in proptest::option::of(0_usize..4),
        ) {
            let (to, cover) = (from + length, Cover::new(spans.clone()));
            let others = || spans.iter().filter(|span| Some(span.who) != not);
            prop_assert_eq!(
                cover.touching(from, to, not).is_some(),
                others().any(|span| span.from <= to && span.to >= from)
            );
            prop_assert_eq!(
                cover.around(from, to, not).is_some(),
                others().any(|span| span.from < from && span.to > to)
            );
        }
    }
}
