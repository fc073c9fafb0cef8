use axum::http::HeaderValue;

/// Whether one of the tags in the `If-None-Match` headers is this one. Weak
/// tags count: it is about the content.
pub(in crate::http) fn matches<'a>(
    headers: impl IntoIterator<Item = &'a HeaderValue>,
    tag: &str,
) -> bool {
    let mut listed = headers
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(',').map(str::trim));
    listed.any(|entry| entry == "*" || entry.strip_prefix("W/").unwrap_or(entry) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(lists: &[&'static str]) -> bool {
        let headers: Vec<_> = lists.iter().map(|list| HeaderValue::from_static(list)).collect();
        matches(&headers, "\"7.2\"")
    }

    #[test]
    fn lists_weak_tags_and_the_star_count() {
        assert!(known(&["\"7.2\""]));
        assert!(known(&["W/\"7.2\""]));
        assert!(known(&["\"1.0\", W/\"7.2\" ,\"9.9\""]));
        assert!(known(&["\"1.0\"", "\"7.2\""]));
        assert!(known(&["*"]));
    }

    #[test]
    fn other_tags_do_not() {
        assert!(!known(&[]));
        assert!(!known(&["7.2"]));
        assert!(!known(&["\"7.3\", \"17.2\""]));
    }
}
