//! The notices put up on one day: one for each school, programme and term, and which record goes on which.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::model::Notice;
use super::{rules, store};
use crate::aid::hand::Hand;
use crate::aid::model::AidRecord;
use crate::aid::rules::{Act, step};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::values::{Programme, Term, clock};

/// The notices of one day.
#[derive(Debug)]
pub struct Board {
    starts_on: NaiveDate,
    up: HashMap<(String, Programme, String), Notice>,
    fresh: Vec<Notice>,
}

impl Board {
    /// Those recorded already for some schools.
    pub fn load(conn: &mut Conn, schools: &[String], starts_on: NaiveDate) -> Result<Self> {
        let known = store::of_day(conn, schools, starts_on)?;
        let up =
            known.into_iter().map(|n| ((n.school_code.clone(), n.programme, n.term.clone()), n)).collect();
        Ok(Self { starts_on, up, fresh: Vec::new() })
    }

    /// The notice a proposed record goes on, made if it is not there; or why it cannot.
    pub fn place(&mut self, hand: &Hand, record: &AidRecord) -> Result<String> {
        step(record.into(), Act::Notice)?;
        let key = (record.school_code.clone(), record.programme, record.term.clone());
        if let Some(notice) = self.up.get(&key) {
            rules::may_add(notice, hand.today)?;
            return Ok(notice.notice_id.clone());
        }
        let term = Term::parse(&record.term).ok_or_else(|| Error::internal("aid: a stored term"))?;
        rules::may_start(self.starts_on, hand.first_day(term), hand.today)?;
        let rule = hand.pack.posting(record.programme);
        let length = rule.ok_or_else(|| Error::internal("policy: no length of a notice"))?.length;
        let notice = Notice {
            notice_id: clock::new_id(),
            school_code: record.school_code.clone(),
            place: record.place.clone(),
            term: record.term.clone(),
            programme: record.programme,
            starts_on: self.starts_on,
            ends_on: rules::ends_on(length, self.starts_on)?,
            posted_by: hand.who.actor(),
            posted_at: hand.at,
            taken_down_on: None,
            taken_down_by: None,
            taken_down_at: None,
        };
        let id = notice.notice_id.clone();
        self.fresh.push(notice.clone());
        self.up.insert(key, notice);
        Ok(id)
    }

    /// Records the new ones; to be called before records refer to them.
    pub fn save(&self, conn: &mut Conn) -> Result<()> {
        store::insert(conn, &self.fresh)
    }
}
