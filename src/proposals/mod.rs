//! Proposals (更正建议): which id was probably meant in a refused row, for a person to decide.
//!
//! A row of a provincial list or a payment sheet whose id fails is refused and kept. Here the ids that
//! may have been meant ([`candidates`](crate::values::resident_id::candidates)) are looked up, and one is
//! proposed where **exactly one** pupil on the roll agrees in name, and in student number and birth date
//! where the row gives them. A name alone never matches, and nothing is mended unless a person says so.
//!
//! An import leaves the search behind as a [`job`]; it can be repeated when more of the roll has come in.
//!
//! Invariants: a person of a row has one proposal at the most; what is proposed is a pupil within the scope of the
//! import; acceptance sends the one corrected row through the ordinary import and is undone by taking back
//! exactly that batch; who accepts is recorded and counts as a sender of the row. The table holds nothing
//! personal: the entered id stays sealed with its row, the proposed one in the vault.
//!
//! [`rules`] decides (pure), [`search`] looks for proposals, [`decision`] carries out what a person said.

pub mod body;
pub mod decision;
pub mod http;
pub mod job;
pub mod model;
pub mod row;
pub mod rules;
pub mod search;
pub mod store;
