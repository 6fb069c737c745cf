//! `yingzhu token`: a bearer token signed with the development key, which only `serve --dev` trusts.

use std::path::PathBuf;

use super::Out;
use crate::auth::{DevKey, MintRequest, Role, mint};
use crate::error::{Error, FieldError, Result};
use crate::values::{Place, Text, clock};

/// What the token shall say.
#[derive(clap::Args)]
pub(super) struct Options {
    /// 角色，可多次给出：province、city、county、school、poverty_office、township、guardian、auditor、system | Role, repeatable
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// 行政区划代码 | Place code
    #[arg(long)]
    place: Option<String>,
    /// 学校标识码（学校角色） | School code
    #[arg(long)]
    school: Option<String>,
    /// 学生编号（监护人角色） | Student id
    #[arg(long)]
    student: Option<String>,
    /// 可查看未脱敏的身份信息 | May see ids and names unmasked
    #[arg(long)]
    pii: bool,
    /// 查看身份信息的用途（与 --pii 同用） | What the personal data are for
    #[arg(long, default_value = "开发调试")]
    purpose: String,
    /// 持有人 | Whose token it is
    #[arg(long, default_value = "dev")]
    subject: String,
    /// 有效秒数 | Seconds it lives
    #[arg(long, default_value_t = 28_800)]
    seconds: i64,
    /// 本机数据目录，须与 serve 相同 | Data folder, the same as of `serve`
    #[arg(long, env = "YINGZHU_DATA_DIR", default_value = "data")]
    data_dir: PathBuf,
}

/// Prints the token alone, so that it can be put in a variable.
pub(super) fn run(options: Options, out: &mut Out) -> Result<()> {
    let mut faults = Vec::new();
    let roles = roles(&options.roles, &mut faults);
    let place = options.place.as_deref().and_then(|code| match Place::parse(code) {
        Ok(place) => Some(place),
        Err(error) => {
            faults.push(FieldError::from_value("--place", error));
            None
        }
    });
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    std::fs::create_dir_all(&options.data_dir)?;
    let key = DevKey::load_or_create(&options.data_dir)?;
    let request = MintRequest {
        roles,
        place,
        school: options.school,
        student: options.student,
        pii: options.pii,
        purpose: options.pii.then_some(options.purpose),
        subject: options.subject,
        ttl: options.seconds,
    };
    out.line(&mint(&key, request, clock::now().and_utc().timestamp())?)
}

fn roles(given: &[String], faults: &mut Vec<FieldError>) -> Vec<Role> {
    let known = Role::ALL.iter().map(|role| role.code()).collect::<Vec<_>>().join(", ");
    let read = |code: &String| {
        let role = Role::from_code(code);
        if role.is_none() {
            faults.push(FieldError {
                pointer: "--role".to_owned(),
                code: "unknown_value",
                detail: Text::new(
                    format!("没有这个角色，应为：{known}"),
                    format!("no such role; use one of: {known}"),
                ),
            });
        }
        role
    };
    given.iter().filter_map(read).collect()
}
