//! Who calls, what they may do, and where: tokens, roles, scope, and the extractors that are the
//! permissions.
//!
//! A handler that takes a [`BureauOfficer`] cannot be reached by anyone else; the [`Caller`] inside it
//! carries a [`Scope`] that goes into every query. A scope is made by the [`Verifier`] from a signed
//! token, or by [`Scope::local`] for a command run on the server itself, and by nothing else.
//!
//! Tokens are JWTs of configured issuers (RFC 7519, RFC 8725, RFC 9068), read into typed structs and
//! checked here beyond what the library checks: one issuer, one audience, one algorithm per key, a
//! header of `alg`, `typ` and `kid` alone, short lives. Headers that a gateway may set to say who
//! somebody is are not looked at.
//!
//! | file | owns |
//! | --- | --- |
//! | `role` | the closed list of roles and how wide a place each may hold |
//! | `caller` | the verified caller and the scope |
//! | `claims` | the token's shape and its rules; pure |
//! | `keys` | a key set: which keys are taken, which refused; pure |
//! | `cache` | when a key set is fetched, kept and served stale |
//! | `fetch` | reading a key set from a file or an address |
//! | `verifier` | issuers, and a token's way from text to caller |
//! | `dev` | the development key, and minting |
//! | `extract` | the extractors |
//! | `within` | the scope as a condition on a table |
//!
//! This room knows no tables and no business. A refused token is answered with one sentence whatever
//! was wrong with it; the reason is a code in the log at debug level, without anything of the token.

mod cache;
mod caller;
mod claims;
mod dev;
mod extract;
mod fetch;
mod keys;
mod role;
mod verifier;
mod within;

pub use caller::{Caller, Scope};
pub use claims::{MOST_DEV_SECONDS, MOST_TOKEN_BYTES};
pub use dev::{DEV_AUDIENCE, DEV_ISSUER, DevKey, MintRequest, mint};
pub use extract::{
    AnyCaller, BureauOfficer, ChildReader, FindingReader, Granter, ListKeeper, OwnSchool, Proposer, Reader,
    Registrar, Sender, Supervisor,
};
pub use fetch::{Fetch, FetchFault};
pub use keys::Algorithm;
pub use role::Role;
pub use verifier::{Clock, IssuerConfig, KeySource, Verifier};
pub(crate) use within::within;
