//! Jobs over HTTP: one, all in scope, and the wish that one should stop.

use actix_web::{get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::{JobBody, JobPage};
use super::node::Node;
use super::store;
use crate::auth::Sender;
use crate::error::Result;
use crate::http::{Json, Query};
use crate::page::{self, PageQuery};
use crate::values::{Lang, clock};

/// 查看一项后台任务 / One job: its state, its progress, what came of it.
///
/// 任务由任一节点执行；节点中断后由其他节点接手，结果只生效一次。Any node may run it; when one dies another
/// takes it over, and its effect is there once.
#[utoipa::path(tag = "jobs", responses((status = 200, description = "The job", body = JobBody)))]
#[get("/jobs/{job_id}")]
async fn find_job(
    caller: Sender,
    id: web::Path<String>,
    lang: Lang,
    node: web::Data<Node>,
) -> Result<Json<JobBody>> {
    let scope = caller.scope().clone();
    let job = node.0.db.read_again(move |conn| store::find(conn, &scope, &id)).await?;
    JobBody::of(node.brought_up_to_date(job), lang).map(Json)
}

/// 列出后台任务 / The jobs in scope, newest first.
///
/// 结束三十天后不再列出。Those that ended more than thirty days ago are no longer told.
#[utoipa::path(tag = "jobs", params(PageQuery), responses((status = 200, description = "A page of jobs", body = JobPage)))]
#[get("/jobs")]
async fn list_jobs(
    caller: Sender,
    page: Query<PageQuery>,
    lang: Lang,
    node: web::Data<Node>,
) -> Result<Json<JobPage>> {
    let (after, limit) = (page.0.after()?, page.0.limit()?);
    let scope = caller.scope().clone();
    let jobs = node.0.db.read(move |conn| store::list(conn, &scope, after, limit.rows())).await?;
    let (jobs, next) = page::cut(jobs, limit, |j| j.job_id.clone())?;
    let told = |job| JobBody::of(node.brought_up_to_date(job), lang);
    Ok(Json(JobPage { items: jobs.into_iter().map(told).collect::<Result<_>>()?, next }))
}

/// 取消后台任务 / Ask for a job to stop.
///
/// 排队中的立即取消；处理中的稍后停止，已做的全部撤回。已结束的不能取消（409）。A queued one is cancelled at
/// once; a running one stops shortly and what it did is taken back. One that has ended cannot be (409).
#[utoipa::path(tag = "jobs", responses((status = 200, description = "The job", body = JobBody)))]
#[post("/jobs/{job_id}/cancel")]
async fn cancel_job(
    caller: Sender,
    id: web::Path<String>,
    lang: Lang,
    node: web::Data<Node>,
) -> Result<Json<JobBody>> {
    let scope = caller.scope().clone();
    let job_id = id.into_inner();
    let (of, known) = (scope.clone(), job_id.clone());
    // Only who may see it may stop it.
    node.0.db.read_again(move |conn| store::find(conn, &of, &known)).await?;
    node.stop_here(&job_id);
    let job = node.0.db.write(move |conn| store::cancel(conn, &scope, &job_id, clock::now())).await?;
    JobBody::of(node.brought_up_to_date(job), lang).map(Json)
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(list_jobs).service(find_job).service(cancel_job);
}
