//! Rows dealt into boxes, in one pass and without comparing: what both numbering and ordering are made of.
//!
//! A row goes to the end of its box, so rows of one box keep their order. Each box is filled from front to
//! back, and few boxes fit into the cache where the rows of all of them do not.

/// Low bits of a number that do not tell its box: so many numbers, whose rows fit into the cache.
const WITHIN: u32 = 11;

/// Boxes at most, as a power of two, so that the ends of all of them lie in the cache.
const MOST_BOXES: u32 = 14;

/// How many low bits do not tell the box of a number, of numbers up to this one; where there are gaps, the boxes
/// are wider.
pub(super) const fn width(last: u32) -> u32 {
    let narrowest = (u32::BITS - last.leading_zeros()).saturating_sub(MOST_BOXES);
    if narrowest > WITHIN { narrowest } else { WITHIN }
}

/// Deals rows into so many boxes by a digit of theirs below that number. A row whose digit names no box would be
/// left out.
pub(super) fn boxed<T>(
    rows: impl Iterator<Item = T> + Clone,
    boxes: usize,
    digit: impl Fn(&T) -> usize,
) -> Vec<Vec<T>> {
    let mut counts = vec![0_usize; boxes];
    rows.clone().for_each(|row| {
        if let Some(count) = counts.get_mut(digit(&row)) {
            *count += 1;
        }
    });
    let mut dealt: Vec<Vec<T>> = counts.into_iter().map(Vec::with_capacity).collect();
    rows.for_each(|row| {
        if let Some(of_box) = dealt.get_mut(digit(&row)) {
            of_box.push(row);
        }
    });
    dealt
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_goes_into_empty_boxes() {
        assert_eq!(boxed(std::iter::empty::<u8>(), 2, |_| 0), [Vec::<u8>::new(), Vec::new()]);
    }

    #[test]
    fn boxes_are_narrow_until_there_would_be_too_many() {
        assert_eq!([0, 1 << 24, (1 << 25) - 1, 1 << 25, u32::MAX].map(width), [11, 11, 11, 12, 18]);
    }

    proptest! {
        /// The standard library's stable sort is the measure.
        #[test]
        fn rows_are_dealt_in_order(rows in proptest::collection::vec(any::<(u8, u16)>(), 0..200)) {
            let digit = |row: &(u8, u16)| usize::from(row.0 % 8);
            let dealt = boxed(rows.iter().copied(), 8, digit);
            for (at, of_box) in dealt.iter().enumerate() {
                prop_assert!(of_box.iter().all(|row| digit(row) == at));
            }
            let mut sorted = rows;
            sorted.sort_by_key(digit);
            prop_assert_eq!(dealt.concat(), sorted);
        }
    }
}
