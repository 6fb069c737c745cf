//! Rows dealt into boxes, in one pass and without comparing: what both numbering and ordering are made of.
//!
//! A row goes to the end of its box, so rows of one box keep their order. Each box is filled from front to
//! back, and few boxes fit into the cache where the rows of all of them do not.

/// Deals rows into so many boxes by a digit of theirs below that number. Gives the rows, box by box, and for
/// each box where it ends. A row whose digit names no box would be left out.
pub(super) fn boxed<T: Copy>(
    rows: impl Iterator<Item = T> + Clone,
    boxes: usize,
    digit: impl Fn(&T) -> usize,
) -> (Vec<T>, Vec<usize>) {
    let mut ends = vec![0; boxes];
    for row in rows.clone() {
        if let Some(count) = ends.get_mut(digit(&row)) {
            *count += 1;
        }
    }
    let mut before = 0;
    for end in &mut ends {
        // For the moment: where the box begins.
        before += std::mem::replace(end, before);
    }
    let Some(any) = rows.clone().next() else { return (Vec::new(), ends) };
    let mut dealt = vec![any; before];
    for row in rows {
        let Some(next) = ends.get_mut(digit(&row)) else { continue };
        if let Some(place) = dealt.get_mut(*next) {
            *place = row;
        }
        *next += 1;
    }
    (dealt, ends)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_goes_into_empty_boxes() {
        assert_eq!(boxed(std::iter::empty::<u8>(), 2, |_| 0), (Vec::new(), vec![0, 0]));
    }

    proptest! {
        /// The standard library's stable sort is the measure.
        #[test]
        fn rows_are_dealt_in_order(rows in proptest::collection::vec(any::<(u8, u16)>(), 0..200)) {
            let digit = |row: &(u8, u16)| usize::from(row.0 % 8);
            let (dealt, ends) = boxed(rows.iter().copied(), 8, digit);
            let mut sorted = rows.clone();
            sorted.sort_by_key(digit);
            prop_assert_eq!(&dealt, &sorted);
            for (at, end) in ends.iter().enumerate() {
                prop_assert_eq!(*end, sorted.partition_point(|row| digit(row) <= at));
            }
        }
    }
}
