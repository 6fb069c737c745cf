//! Two runs compared over HTTP.

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::diff::{Change, Differing, diff};
use super::export::shown;
use super::finding_body::FindingBody;
use super::model::Detail;
use super::sighting_store::{self as store, Facts};
use super::store::{CheckRow, find_for_findings};
use crate::auth::FindingReader;
use crate::error::{Error, FieldError, Result};
use crate::http::{Json, Query};
use crate::imports::Desk;
use crate::page::{self, PageQuery};
use crate::values::{Fen, Lang, Text};

/// Which earlier run to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// 对照的比对编号 / The run to compare with, of the same place and term.
    pub against: String,
    /// 变化类型 / Only this change.
    #[serde(default)]
    pub change: Option<Change>,
    /// Where the last page ended (`next`).
    #[serde(default)]
    pub after: Option<String>,
    /// Entries per page, 1 to 500; 50 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What differs between two runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffPage {
    /// How many are new.
    pub new: u64,
    /// How many are gone.
    pub gone: u64,
    /// How many changed.
    pub changed: u64,
    /// The findings that differ: new and changed first, then gone.
    pub items: Vec<DiffItem>,
    /// Give this as `after` to get the next page; `null` on the last.
    pub next: Option<String>,
}

/// One finding that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffItem {
    /// How.
    pub change: Change,
    /// The finding as the later run saw it; as the earlier saw it if it is gone.
    pub finding: FindingBody,
    /// What the earlier run saw of one that changed.
    pub before: Option<FactsBody>,
}

/// Amounts and particulars of a finding in an earlier run.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactsBody {
    /// Due for the term, fen.
    #[schema(value_type = Option<i64>)]
    pub due_fen: Option<Fen>,
    /// Paid for the term, fen.
    #[schema(value_type = Option<i64>)]
    pub paid_fen: Option<Fen>,
    /// In question, fen.
    #[schema(value_type = i64)]
    pub at_stake_fen: Fen,
    /// Particulars.
    pub detail: Detail,
}

impl FactsBody {
    fn of((due, paid, stake, detail): Facts) -> Result<Self> {
        let detail = serde_json::from_str(&detail)?;
        Ok(Self { due_fen: due.map(Fen), paid_fen: paid.map(Fen), at_stake_fen: Fen(stake), detail })
    }
}

/// 对照两次比对 / What is new, gone or changed since an earlier run of the same place and term.
///
/// 按疑点逐条对照，计数和明细都遵循管辖范围。Finding by finding; a change is of amounts or particulars, not of what
/// people said. Counts and items obey the caller's scope.
#[utoipa::path(
    tag = "cross-checks",
    params(DiffQuery),
    responses((status = 200, description = "What differs, within the caller's scope", body = DiffPage))
)]
#[get("/cross-checks/{check_id}/diff")]
async fn diff_cross_checks(
    caller: FindingReader,
    id: web::Path<String>,
    query: Query<DiffQuery>,
    lang: Lang,
    desk: web::Data<Desk>,
) -> Result<Json<DiffPage>> {
    let DiffQuery { against, change, after, limit } = query.0;
    let page = PageQuery { after, limit };
    let (after, limit) = (page.after::<usize>()?.unwrap_or_default(), page.limit()?);
    let who = caller.into_caller();
    let sealer = desk.sealer.clone();
    let page = desk
        .db
        .read(move |conn| {
            let later = find_for_findings(conn, who.scope(), &id)?;
            let earlier = find_for_findings(conn, who.scope(), &against)?;
            comparable(&later, &earlier)?;
            let before = store::outline(conn, who.scope(), &against)?;
            let mut differing = diff(before, store::outline(conn, who.scope(), &id)?);
            let count = |of| u64::try_from(differing.iter().filter(|d| d.change == of).count()).unwrap_or(0);
            let (new, gone, changed) = (count(Change::New), count(Change::Gone), count(Change::Changed));
            differing.retain(|d| change.is_none_or(|only| d.change == only));
            let rows: Vec<(usize, Differing)> =
                (1..).zip(differing).skip(after).take(limit.items().saturating_add(1)).collect();
            let (rows, next) = page::cut(rows, limit, |(at, _)| *at)?;
            let positions = |gone: bool| -> Vec<i64> {
                let of_run = rows.iter().filter(|(_, d)| (d.change == Change::Gone) == gone);
                of_run.map(|(_, d)| d.position).collect()
            };
            let mut found = store::some(conn, &id, &positions(false))?;
            found.extend(store::some(conn, &against, &positions(true))?);
            let shown = shown(conn, &sealer, &found, who.sees_identities())?;
            let mut items = Vec::with_capacity(rows.len());
            for (_, d) in rows {
                let run = if d.change == Change::Gone { &against } else { &*id };
                let of_it = found.iter().find(|(s, _)| s.check_id == *run && s.position == d.position);
                if let Some(of_it) = of_it {
                    items.push(DiffItem {
                        change: d.change,
                        finding: FindingBody::of(of_it.clone(), &shown, lang)?,
                        before: d.before.map(FactsBody::of).transpose()?,
                    });
                }
            }
            Ok(DiffPage { new, gone, changed, items, next })
        })
        .await?;
    Ok(Json(page))
}

fn comparable(later: &CheckRow, earlier: &CheckRow) -> Result<()> {
    if (&later.place, &later.term) == (&earlier.place, &earlier.term) {
        return Ok(());
    }
    Err(Error::invalid(vec![FieldError {
        pointer: "?against".to_owned(),
        code: "not_comparable",
        detail: Text::fixed(
            "只能对照同一地区、同一学期的两次比对",
            "only runs of the same place and term can be compared",
        ),
    }]))
}

/// Registers the operation.
pub(super) fn configure(cfg: &mut ServiceConfig) {
    cfg.service(diff_cross_checks);
}
