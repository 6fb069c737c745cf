//! Aid records (资助记录): what a student is to get, got, and gave back, for one programme and term.
//!
//! **Two origins, one shape.** An *office* record is carried here from end to end: proposed → noticed
//! (公示) → approved, by someone other than the proposer → paid → acknowledged. A *sheet* record is a
//! payment that an office's payment sheet states; it comes into the world paid. Both have the same
//! ledger and are listed, returned and cross-checked alike.
//!
//! **The ledger is the truth.** Every act adds a line ([`model::Entry`]) and no line is ever changed. The
//! state and the sums in [`model::AidRecord`] are those of the last line, written in the same
//! transaction; [`ledger::fold`] makes them again from the lines. The number of the last line is the
//! record's version, so two people who act at once reach for the same line and one of them is refused,
//! on either engine.
//!
//! **One at a time.** A student has one live office record a term and *slot*: the programme, or the
//! programme it gives way to where the pack says that two exclude each other. A unique index holds this
//! whatever two nodes do at once. More only by a correction, which names the first record: before money
//! has gone out it takes the first one's place, afterwards it is a supplement for the difference.
//!
//! Sheet records stand outside that index on purpose: two equal rows in a file are two payments, because
//! that is how double payment looks, and the cross-check must see it. The same payment sent again is the
//! same line ([`model::Entry::row_key`]).
//!
//! Clauses: 教财〔2018〕16号 (assessed, posted, filed), at least five working days of notice and ten days
//! for yulu, 教财厅函〔2017〕28号 (what a notice may print).
//!
//! Three facts about leaving: a record of a student who has left by today is not approved; a payment dated
//! after the day of leaving needs a reason (arrears for the time before); what was paid wrongly comes back
//! as a return, in full or in part, and the payment's own line stays.
//!
//! | file | owns |
//! | --- | --- |
//! | `rules` | state × act → new state or refusal; pure |
//! | `ledger` | the record as its lines make it; which payments a return takes back; pure |
//! | `grant` | the amount held against the policy's decision; pure |
//! | `propose`, `whom`, `correct` | proposals for one student or a set; who is meant; corrections |
//! | `act`, `money` | notice, approval, cancellation on sets; payment, receipt, return |
//! | [`notice`] | the public notice: its period, its list, the calendar of working days |
//! | `import`, `pay_file`, `act_file` | the payment sheet as a statement; as an order; a sheet of students as an order (`by_file`: which record a row means) |
//! | `many`, `job`, `report` | what is asked about many records; as a job; what came of it |
//! | `store`, `payments` | the tables `aid_record` and `aid_entry`; the payments in them |
//! | `http`, `http_act`, `http_bulk`, `http_file` | reading and import; one record ([`one`] and `request` say how it is asked); many (`bulk`); sheets |

pub mod act;
pub mod act_file;
pub mod body;
pub mod bulk;
mod by_file;
pub mod correct;
pub mod grant;
pub mod hand;
pub mod http;
pub mod http_act;
pub mod http_bulk;
pub mod http_file;
pub mod import;
pub mod job;
pub mod ledger;
pub mod many;
pub mod model;
pub mod money;
pub mod notice;
pub mod one;
pub mod pay_file;
pub mod payments;
pub mod propose;
pub mod report;
pub mod request;
pub mod rules;
pub mod store;
pub mod whom;
