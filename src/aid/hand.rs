//! The hand that acts: who, by which rules, and when. Made once a request and handed down, so that nothing
//! below reads the clock.

use std::sync::Arc;

use actix_web::web;
use chrono::{NaiveDate, NaiveDateTime};

use crate::auth::{BureauOfficer, Caller};
use crate::eligibility::lookup;
use crate::imports::Desk;
use crate::policy::Pack;
use crate::seal::Sealer;
use crate::values::{Term, clock};

/// Who acts, by which rules, and when.
#[derive(Debug, Clone)]
pub struct Hand {
    /// Who.
    pub who: Caller,
    /// The rules.
    pub pack: Arc<Pack>,
    /// Seals what is personal.
    pub sealer: Sealer,
    /// The moment.
    pub at: NaiveDateTime,
    /// The civil day.
    pub today: NaiveDate,
}

impl Hand {
    /// The hand of a request that has just come in.
    pub fn now(who: Caller, desk: &Desk, pack: web::Data<Pack>) -> Self {
        Self {
            who,
            pack: pack.into_inner(),
            sealer: desk.sealer.clone(),
            at: clock::now(),
            today: clock::today(),
        }
    }

    /// Whether a bureau acts, and not a school.
    pub fn is_bureau(&self) -> bool {
        self.who.has_any(BureauOfficer::ROLES)
    }

    /// The first day of a term where the caller is.
    pub fn first_day(&self, term: Term) -> NaiveDate {
        lookup::calendar_of(&self.pack, self.who.scope().place()).first_day(term)
    }

    /// The day on which a term is judged: today, or of another term its nearest day.
    pub fn day_in(&self, term: Term) -> NaiveDate {
        lookup::calendar_of(&self.pack, self.who.scope().place()).nearest(term, self.today)
    }
}
