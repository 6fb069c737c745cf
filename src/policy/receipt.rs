//! The receipt of a decision: all that is needed to take the very same decision again.
//!
//! A decision depends on the facts, on the pack and on the language of its words, and on nothing else;
//! the receipt names all three. [`replay`] finds the pack by digest among all that are loaded, so a
//! newer pack in force changes nothing about an old receipt. Facts never say who the student is.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::body::DecisionBody;
use super::decide::decide;
use super::facts::Facts;
use super::pack::Pack;
use super::packs::Packs;
use crate::error::FieldError;
use crate::values::{Lang, Text};

/// 判定凭据 / What a decision was made of; posted to the replays it gives the same bytes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// 政策包编号 / Id of the pack.
    #[schema(example = "cn-ah")]
    pub pack: String,
    /// 版本 / Its semantic version.
    #[schema(example = "1.0.0")]
    pub version: String,
    /// 摘要 / Its SHA-256; this finds the pack.
    pub digest: String,
    /// 判定日期 / The date asked about, as in the facts.
    pub as_of: NaiveDate,
    /// 语言 / Language of the words: zh-CN or en.
    #[schema(example = "zh-CN")]
    pub language: String,
    /// 事实 / The facts.
    pub facts: Facts,
}

impl Receipt {
    /// The receipt of a decision by this pack.
    ///
    /// The facts are written in one order, since order means nothing to a decision and equal questions
    /// have equal receipts.
    pub fn of(pack: &Pack, facts: &Facts, lang: Lang) -> Self {
        let mut facts = facts.clone();
        if let Some(held) = &mut facts.student.categories {
            held.sort_unstable();
            held.dedup();
        }
        if let Some(held) = &mut facts.evidence {
            held.sort_unstable();
            held.dedup();
        }
        Self {
            pack: pack.id().to_owned(),
            version: pack.version().to_owned(),
            digest: pack.digest().to_owned(),
            as_of: facts.as_of,
            language: lang.tag().to_owned(),
            facts,
        }
    }
}

fn fault(pointer: &str, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> FieldError {
    FieldError { pointer: pointer.to_owned(), code, detail: Text::new(zh.into(), en.into()) }
}

/// The decision again, or what is wrong with the receipt.
pub fn replay(packs: &Packs, receipt: &Receipt) -> Result<DecisionBody, Vec<FieldError>> {
    let mut faults = Vec::new();
    let pack = packs.by_digest(&receipt.digest);
    match pack {
        None => faults.push(unknown_digest("/digest", &receipt.digest)),
        Some(pack) => {
            if (pack.id(), pack.version()) != (&receipt.pack, &receipt.version) {
                faults.push(fault(
                    "/version",
                    "receipt_contradicts",
                    "摘要对应的政策包编号或版本与凭据不符，凭据可能被改动",
                    "the digest belongs to a pack of another id or version: the receipt may have been changed",
                ));
            }
            faults.extend(
                pack.check(&receipt.facts)
                    .into_iter()
                    .map(|f| FieldError { pointer: format!("/facts{}", f.pointer), ..f }),
            );
        }
    }
    if receipt.as_of != receipt.facts.as_of {
        faults.push(fault(
            "/as_of",
            "receipt_contradicts",
            "判定日期与事实中的日期不同，凭据可能被改动",
            "the date differs from that of the facts: the receipt may have been changed",
        ));
    }
    let lang = [Lang::Zh, Lang::En].into_iter().find(|l| l.tag() == receipt.language);
    if lang.is_none() {
        faults.push(fault("/language", "unknown_value", "语言应为 zh-CN 或 en", "must be zh-CN or en"));
    }
    match (pack, lang) {
        (Some(pack), Some(lang)) if faults.is_empty() => Ok(decide(pack, &receipt.facts).body(pack, lang)),
        _ => Err(faults),
    }
}

/// The fault of a digest that no loaded pack has. It is repeated only where it looks like one.
pub fn unknown_digest(pointer: &str, digest: &str) -> FieldError {
    let sound = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    let named = if sound { digest } else { "?" };
    fault(
        pointer,
        "policy_unknown",
        format!("没有加载摘要为 {named} 的政策包，请把该版本放入政策包目录（YINGZHU_POLICY_DIR）后重启"),
        format!(
            "no pack with the digest {named} is loaded: put that version into the folder of packs \
             (YINGZHU_POLICY_DIR) and restart"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn facts() -> Facts {
        serde_json::from_str(
            r#"{"as_of":"2025-10-10","place":"341024","student":{"stage":"preschool","grade":3,
                "state":"enrolled","categories":["orphan"],"school":{"place":"341525","ownership":"public"}}}"#,
        )
        .unwrap()
    }

    fn newer() -> Pack {
        let mut files: Vec<(String, String)> = super::super::load::EMBEDDED
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        for (name, text) in &mut files {
            if name == "pack.toml" {
                *text = text.replacen("1.0.0", "1.1.0", 1);
            }
            if name == "standards/preschool.toml" {
                *text = text.replacen("yuan = 800", "yuan = 900", 1);
            }
        }
        Pack::from_files(files).unwrap()
    }

    #[test]
    fn an_old_receipt_gives_the_identical_bytes_after_a_newer_pack_came() {
        let old = Pack::embedded().unwrap();
        for lang in [Lang::Zh, Lang::En] {
            let first = decide(&old, &facts()).body(&old, lang);
            let bytes = serde_json::to_string(&first).unwrap();
            // As a caller keeps it: through JSON.
            let kept: Receipt =
                serde_json::from_str(&serde_json::to_string(&first.receipt).unwrap()).unwrap();
            let packs = Packs::one(Arc::new(old.clone())).and(Arc::new(newer()));
            assert_eq!(packs.current().version(), "1.1.0");
            let again = replay(&packs, &kept).unwrap();
            assert_eq!(serde_json::to_string(&again).unwrap(), bytes);
            let now = decide(packs.current(), &facts()).body(packs.current(), lang);
            assert_ne!(serde_json::to_string(&now).unwrap(), bytes, "the newer pack pays more");
        }
    }

    #[test]
    fn a_receipt_that_was_changed_or_that_no_pack_knows_is_refused_with_its_fault() {
        let pack = Pack::embedded().unwrap();
        let good = Receipt::of(&pack, &facts(), Lang::Zh);
        let packs = Packs::one(Arc::new(pack));
        let told = |receipt: &Receipt| -> Vec<(String, &'static str)> {
            replay(&packs, receipt).unwrap_err().into_iter().map(|f| (f.pointer, f.code)).collect()
        };
        let unknown = Receipt { digest: "ab".repeat(32), ..good.clone() };
        assert_eq!(told(&unknown), [("/digest".to_owned(), "policy_unknown")]);
        assert!(replay(&packs, &unknown).unwrap_err()[0].detail.zh.contains(&unknown.digest));
        let version = Receipt { version: "9.9.9".to_owned(), ..good.clone() };
        assert_eq!(told(&version), [("/version".to_owned(), "receipt_contradicts")]);
        let date = Receipt { as_of: "2025-10-11".parse().unwrap(), ..good.clone() };
        assert_eq!(told(&date), [("/as_of".to_owned(), "receipt_contradicts")]);
        let language = Receipt { language: "fr".to_owned(), ..good.clone() };
        assert_eq!(told(&language), [("/language".to_owned(), "unknown_value")]);
        let mut grade = good;
        grade.facts.student.grade = Some(9);
        assert_eq!(told(&grade), [("/facts/student/grade".to_owned(), "grade_not_in_stage")]);
    }
}
