//! The kinds of rows that hang on a student: where each is found, its columns, and what it is read into.

use std::sync::LazyLock;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromStaticSqlRow, Queryable};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{BigInt, Binary, Bool, Date, Nullable, Record, SmallInt, Text, Timestamp};

use super::sqlite::Kept;
use crate::aid::body::AidBody;
use crate::aid::model::{AidState, Origin};
use crate::eligibility::rules::{OnRoll, Pupil, Studies};
use crate::roll::model::state_on;
use crate::values::{
    Category, EnrolmentState, EvidenceKind, Fen, Hardship, HukouKind, Ownership, Programme, RunBy, Stage,
    Tier,
};

/// A kind of row.
pub(super) trait Part: 'static {
    /// Its columns, in the order in which it is read.
    const COLUMNS: &'static [&'static str];
    /// Where its rows are. `{person}`, `{as_of}`, `{known_at}` and `{term}` stand for what is asked;
    /// `{recorded x}` for what was recorded by then, `{holds x}` for that and what holds on the date.
    const ROWS: &'static str;
    /// The types of the columns.
    type Sql: 'static;
    /// The text by which SQLite is asked for them, made once.
    fn kept() -> &'static Kept;
}

/// The rows of a part as SQL, with what is asked filled in.
pub(super) fn rows_of<P: Part>(person: &str, as_of: &str, known_at: &str, term: &str) -> String {
    let mut rows = P::ROWS.to_owned();
    for table in ["c", "v", "e", "s"] {
        let recorded = format!(
            "{table}.recorded_at <= {{known_at}} AND ({table}.superseded_at IS NULL OR {table}.superseded_at > {{known_at}})"
        );
        let holds = format!(
            "{table}.valid_from <= {{as_of}} AND ({table}.valid_to IS NULL OR {table}.valid_to > {{as_of}}) AND {recorded}"
        );
        rows = rows
            .replace(&format!("{{recorded {table}}}"), &recorded)
            .replace(&format!("{{holds {table}}}"), &holds);
    }
    rows.replace("{person}", person)
        .replace("{as_of}", as_of)
        .replace("{known_at}", known_at)
        .replace("{term}", term)
}

/// The columns of a part as SQL.
pub(super) fn columns_of<P: Part>(known_at: &str) -> String {
    P::COLUMNS.join(", ").replace("{known_at}", known_at)
}

macro_rules! parts {
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident: $rows:literal {
            $( $(#[$field_meta:meta])* $field:ident: $rust:ty = $column:literal as $sql:ty, )+
        }
    )+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        $vis struct $name { $( $(#[$field_meta])* $vis $field: $rust, )+ }

        impl Part for $name {
            const COLUMNS: &'static [&'static str] = &[$( $column, )+];
            const ROWS: &'static str = $rows;
            type Sql = ($( $sql, )+);

            fn kept() -> &'static Kept {
                static KEPT: LazyLock<Kept> = LazyLock::new(Kept::of::<$name>);
                &KEPT
            }
        }

        impl From<($( $rust, )+)> for $name {
            fn from(($( $field, )+): ($( $rust, )+)) -> Self {
                Self { $( $field, )+ }
            }
        }

        /// As a row of its own.
        impl<DB: Backend> Queryable<($( $sql, )+), DB> for $name
        where
            ($( $rust, )+): FromStaticSqlRow<($( $sql, )+), DB>,
        {
            type Row = ($( $rust, )+);

            fn build(row: Self::Row) -> deserialize::Result<Self> {
                Ok(row.into())
            }
        }

        /// As one of an array of rows.
        impl FromSql<Record<($( $sql, )+)>, Pg> for $name {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                <($( $rust, )+) as FromSql<Record<($( $sql, )+)>, Pg>>::from_sql(value).map(Into::into)
            }
        }
    )+ };
}

parts! {
    /// A spelling of a person's name, sealed.
    pub(in crate::eligibility) struct Spelling: "person_name n WHERE n.person_id = {person}" {
        name_id: String = "n.name_id" as Text,
        check: Vec<u8> = "n.name_check" as Binary,
        sealed: Vec<u8> = "n.name_ct" as Binary,
    }

    /// Where a student stands on a version of the list, in force or not.
    pub struct Listed: "poverty_list_entry l WHERE l.person_id = {person}" {
        /// The version.
        list_id: String = "l.list_id" as Text,
        /// The name as the list gives it.
        name_id: String = "l.name_id" as Text,
        /// The category under which the household is listed.
        category: Category = "l.category" as Text,
    }

    /// A category that holds.
    pub(super) struct Categorised: "category c WHERE c.person_id = {person} AND {holds c}" {
        kind: Category = "c.kind" as Text,
    }

    /// A paper that holds.
    pub(super) struct Papers: "evidence v WHERE v.person_id = {person} AND {holds v}" {
        kind: EvidenceKind = "v.kind" as Text,
    }

    /// A roll row that holds, as far as a decision and its answer rest on it, and its school.
    pub struct Attended: "enrolment e LEFT JOIN school s ON s.code = e.school_code AND {recorded s} \
         WHERE e.person_id = {person} AND e.valid_from <= {as_of} AND e.valid_to > {as_of} AND {recorded e}" {
        /// Id of the row.
        enrolment_id: String = "e.enrolment_id" as Text,
        /// The student.
        person_id: String = "e.person_id" as Text,
        /// The name as the roll gives it.
        name_id: String = "e.name_id" as Text,
        /// School code.
        school_code: String = "e.school_code" as Text,
        /// Place of the school.
        place: String = "e.place" as Text,
        /// Term.
        term: String = "e.term" as Text,
        /// Stage.
        stage: Stage = "e.stage" as Text,
        /// Grade within the stage.
        grade: Option<i16> = "e.grade" as Nullable<SmallInt>,
        /// Whether the student boards.
        boarding: Option<bool> = "e.boarding" as Nullable<Bool>,
        /// Kind of household registration.
        hukou_kind: Option<HukouKind> = "e.hukou_kind" as Nullable<Text>,
        /// Place of household registration.
        hukou_place: Option<String> = "e.hukou_place" as Nullable<Text>,
        /// Whether the major is agricultural.
        agricultural: Option<bool> = "e.agricultural" as Nullable<Bool>,
        /// Whether the major is one of the performing arts.
        performing_arts: Option<bool> = "e.performing_arts" as Nullable<Bool>,
        /// Whether the studies are full time.
        full_time: Option<bool> = "e.full_time" as Nullable<Bool>,
        /// Whether the student number is a formal one.
        formal: Option<bool> = "e.formal" as Nullable<Bool>,
        /// The school's own assessment of hardship.
        hardship: Option<Hardship> = "e.hardship" as Nullable<Text>,
        /// Whether the row says anything about categories.
        categories_known: bool = "e.categories_known" as Bool,
        /// State, from `left_on` where that is given.
        state: EnrolmentState = "e.state" as Text,
        /// Day of leaving.
        left_on: Option<NaiveDate> = "e.left_on" as Nullable<Date>,
        /// When it was recorded.
        recorded_at: NaiveDateTime = "e.recorded_at" as Timestamp,
        /// The school's place, if anything is recorded of the school.
        school_place: Option<String> = "s.place" as Nullable<Text>,
        /// Whether the school is public or private.
        ownership: Option<Ownership> = "s.ownership" as Nullable<Text>,
        /// Whether a kindergarten is inclusive.
        inclusive: Option<bool> = "s.inclusive" as Nullable<Bool>,
        /// Whether a private school is approved.
        approved: Option<bool> = "s.approved" as Nullable<Bool>,
        /// Who runs the school.
        run_by: Option<RunBy> = "s.run_by" as Nullable<Text>,
        /// Whether it is a rural school.
        rural: Option<bool> = "s.rural" as Nullable<Bool>,
        /// Its tuition, fen per term.
        tuition_fen: Option<i64> = "s.tuition_fen" as Nullable<BigInt>,
        /// Tuition of the public school of the same kind, fen per term.
        public_tuition_fen: Option<i64> = "s.public_tuition_fen" as Nullable<BigInt>,
    }

    /// An aid record of the term as it stands, and whether it has moved on since the moment asked about.
    pub(in crate::eligibility) struct Aided: "aid_record a WHERE a.person_id = {person} AND a.term = {term} \
         AND a.recorded_at <= {known_at}" {
        record_id: String = "a.record_id" as Text,
        origin: Origin = "a.origin" as Text,
        corrects: Option<String> = "a.corrects" as Nullable<Text>,
        school_code: String = "a.school_code" as Text,
        term: String = "a.term" as Text,
        programme: Programme = "a.programme" as Text,
        tier: Option<Tier> = "a.tier" as Nullable<Text>,
        fen: i64 = "a.fen" as BigInt,
        due_fen: Option<i64> = "a.due_fen" as Nullable<BigInt>,
        state: AidState = "a.state" as Text,
        paid_fen: i64 = "a.paid_fen" as BigInt,
        returned_fen: i64 = "a.returned_fen" as BigInt,
        paid_on: Option<NaiveDate> = "a.paid_on" as Nullable<Date>,
        reason: Option<String> = "a.reason" as Nullable<Text>,
        notice_id: Option<String> = "a.notice_id" as Nullable<Text>,
        version: i64 = "a.version" as BigInt,
        moved_on: bool = "a.version > 1 AND EXISTS (SELECT 1 FROM aid_entry y WHERE y.record_id = a.record_id \
             AND y.recorded_at > {known_at})" as Bool,
    }
}

impl OnRoll for Attended {
    fn on(&self, date: NaiveDate) -> Pupil<'_> {
        Pupil {
            enrolment_id: &self.enrolment_id,
            place: &self.place,
            stage: self.stage,
            grade: self.grade,
            state: state_on(self.state, self.left_on, date),
            full_time: self.full_time,
            formal: self.formal,
            boarding: self.boarding,
            hukou_kind: self.hukou_kind,
            hukou_place: self.hukou_place.as_deref(),
            agricultural: self.agricultural,
            performing_arts: self.performing_arts,
            hardship: self.hardship,
            categories_known: self.categories_known,
            recorded_at: self.recorded_at,
        }
    }
}

impl Attended {
    /// The school, if anything is recorded of it.
    pub fn school(&self) -> Option<Studies<'_>> {
        Some(Studies {
            place: self.school_place.as_deref()?,
            ownership: self.ownership,
            inclusive: self.inclusive,
            approved: self.approved,
            run_by: self.run_by,
            rural: self.rural,
            tuition_fen: self.tuition_fen,
            public_tuition_fen: self.public_tuition_fen,
        })
    }
}

impl Aided {
    /// The record as it is told.
    pub(in crate::eligibility) fn of(self, person: &str) -> AidBody {
        AidBody {
            record_id: self.record_id,
            origin: self.origin,
            student_id: person.to_owned(),
            school: self.school_code,
            term: self.term,
            programme: self.programme,
            tier: self.tier,
            fen: Fen(self.fen),
            due_fen: self.due_fen.map(Fen),
            paid_fen: Fen(self.paid_fen),
            returned_fen: Fen(self.returned_fen),
            paid_on: self.paid_on,
            state: self.state,
            reason: self.reason,
            corrects: self.corrects,
            notice_id: self.notice_id,
            version: self.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_filled() {
        fn text<P: Part>() -> String {
            columns_of::<P>("$7") + &rows_of::<P>("p", "$6", "$7", "$8")
        }
        let texts = [
            text::<Spelling>(),
            text::<Listed>(),
            text::<Categorised>(),
            text::<Papers>(),
            text::<Attended>(),
            text::<Aided>(),
        ];
        for text in texts {
            assert!(!text.contains(['{', '}']), "{text}");
        }
    }
}
