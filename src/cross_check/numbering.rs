//! Whole columns of sealed ids numbered at once: the join of the cross-check. Pure.
//!
//! One table of a million ids is far larger than the processor's cache, and ids come in no order, so each look
//! into it costs a wait for memory. Here the ids are first dealt into boxes by one byte, and each box is
//! numbered by a table that fits into the cache; the time then grows with the rows.
//!
//! A run over the database numbers ids as it reads them ([`super::intern::Ids`]): a row read from a database
//! costs far more than a wait for memory. Whoever holds the columns already numbers them here.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use uuid::Uuid;

use super::boxes::boxed;
use super::intern::{Folded, next};
use crate::error::Result;

/// One box for each value of a byte.
const BOXES: usize = 256;

/// The last byte of an id: random in an id of whatever version, and in a sealed one.
fn last_byte(id: &Uuid) -> usize {
    let [.., last] = id.as_bytes();
    usize::from(*last)
}

/// The number of each id, source by source: where it stands first, counted through all sources. So the ids of
/// the first source stand in order already if none is there twice, and no other table is needed to find an
/// id by its number.
///
/// # Errors
/// If there are more rows than numbers.
pub fn number_all<const N: usize>(sources: [&[Uuid]; N]) -> Result<[Vec<u32>; N]> {
    let rows = sources.iter().map(|ids| ids.len()).sum();
    next(rows)?;
    let placed = sources.iter().copied().flatten().copied().zip(0_u32..);
    let (dealt, ends) = boxed(placed, BOXES, |(id, _)| last_byte(id));
    let mut numbers = vec![0; rows];
    let mut table: HashMap<Uuid, u32, BuildHasherDefault<Folded>> = HashMap::default();
    let mut begins = 0;
    for end in ends {
        table.clear();
        for (id, at) in dealt.get(begins..end).unwrap_or_default() {
            let number = table.entry(*id).or_insert(*at);
            if let Some(of_row) = usize::try_from(*at).ok().and_then(|at| numbers.get_mut(at)) {
                *of_row = *number;
            }
        }
        begins = end;
    }
    let mut rest = numbers.as_slice();
    Ok(sources.map(|ids| {
        let (of_source, others) = rest.split_at_checked(ids.len()).unwrap_or_default();
        rest = others;
        of_source.to_vec()
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A number is where the id stands first, found by looking.
        #[test]
        fn an_id_has_the_number_of_its_first_row(
            roll in proptest::collection::vec(0..40_u128, 0..30),
            list in proptest::collection::vec(0..40_u128, 0..30),
            aid in proptest::collection::vec(prop_oneof![0..40_u128, any::<u128>()], 0..30),
        ) {
            // Alike in the byte they are dealt by, in pairs.
            let ids = |column: &[u128]| -> Vec<Uuid> {
                column.iter().map(|n| Uuid::from_u128(n << 40 | (n % 3))).collect()
            };
            let columns = [ids(&roll), ids(&list), ids(&aid)];
            let all: Vec<Uuid> = columns.iter().flatten().copied().collect();
            let first = |id: &Uuid| u32::try_from(all.iter().position(|one| one == id).unwrap()).unwrap();
            let expected: Vec<Vec<u32>> =
                columns.iter().map(|column| column.iter().map(first).collect()).collect();
            let numbers = number_all(columns.each_ref().map(Vec::as_slice)).unwrap();
            prop_assert_eq!(numbers.to_vec(), expected);
        }
    }
}
