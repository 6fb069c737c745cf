//! The one list of work that can be done later, beside the list of what can be called.

use std::sync::Arc;

use crate::aid::import::AidImporter;
use crate::aid::job::{self as aid_job, AidWork, BySheet};
use crate::cross_check::job::{self as cross_check, CrossCheckWork};
use crate::imports::job::{ImportWork, Kept, SEARCH};
use crate::imports::{Desk, ImportKind, Report};
use crate::jobs::Works;
use crate::policy::Pack;
use crate::poverty_list::import::ListImporter;
use crate::poverty_list::store as lists;
use crate::proposals::job::SearchWork;
use crate::roll::import::RollImporter;

/// Every kind of work.
pub fn all(desk: &Desk, pack: &Arc<Pack>) -> Works {
    let (for_list, for_roll) = (Arc::clone(pack), Arc::clone(pack));
    let import = |report: &Report| format!("/v1/imports/{}", report.import_id);
    let aid = AidWork { reader: desk.reader.clone(), sealer: desk.sealer.clone(), pack: Arc::clone(pack) };
    let by_sheet =
        BySheet::ALL.into_iter().fold(Works::default(), |works, act| works.with(act.job(), aid.clone()));
    by_sheet
        .with(aid_job::MANY, aid)
        .with(
            ImportKind::PovertyList.job(),
            ImportWork {
                reader: desk.reader.clone(),
                sealer: desk.sealer.clone(),
                importer: move |kept: &Kept| {
                    let first = for_list.calendar_for(&kept.order.place).first_day(kept.order.term);
                    ListImporter::new(kept.draft.clone(), first)
                },
                location: move |conn: &mut _, report: &Report| {
                    let began = lists::of_import(conn, &report.import_id)?;
                    Ok(began.map_or_else(|| import(report), |list| format!("/v1/poverty-lists/{list}")))
                },
            },
        )
        .with(
            ImportKind::Roll.job(),
            ImportWork {
                reader: desk.reader.clone(),
                sealer: desk.sealer.clone(),
                importer: move |kept: &Kept| RollImporter::new(for_roll.calendar_for(&kept.order.place)),
                location: move |_: &mut _, report: &_| Ok(import(report)),
            },
        )
        .with(
            ImportKind::Aid.job(),
            ImportWork {
                reader: desk.reader.clone(),
                sealer: desk.sealer.clone(),
                importer: |kept: &Kept| AidImporter::new(kept.order.at.date()),
                location: move |_: &mut _, report: &_| Ok(import(report)),
            },
        )
        .with(SEARCH, SearchWork { sealer: desk.sealer.clone() })
        .with(cross_check::KIND, CrossCheckWork { pack: Arc::clone(pack), sealer: desk.sealer.clone() })
}
