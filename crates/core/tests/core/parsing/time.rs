use crate::given::at;

#[test]
fn moments_are_milliseconds_and_never_overflow() {
    assert_eq!(at(1_500).plus_millis(-600), at(900));
    assert_eq!(at(1_500).as_millis(), 1_500);
    assert_eq!(at(900).millis_since(at(1_500)), -600);
    assert_eq!(at(i64::MAX).plus_millis(1), at(i64::MAX));
    assert_eq!(at(i64::MIN).plus_millis(-1), at(i64::MIN));
    assert_eq!(at(i64::MIN).millis_since(at(1)), i64::MIN);
}
