//! Remarks on rows that were taken: what is unusual about them and no fault, told once for all rows.

use crate::sheet::Notice;
use crate::values::{Change, Text};

/// How many rows are named.
const NAMED: usize = 5;

/// The remarks of a file, by what they say.
#[derive(Default)]
pub(super) struct Remarks(Vec<Remark>);

struct Remark {
    said: Change,
    rows: u64,
    first: Vec<String>,
}

impl Remarks {
    /// Notes a remark on a row, named by sheet and number.
    pub(super) fn note(&mut self, said: Change, sheet: Option<&str>, row: u32) {
        if self.0.iter().all(|known| known.said.code != said.code) {
            self.0.push(Remark { said, rows: 0, first: Vec::new() });
        }
        let Some(remark) = self.0.iter_mut().find(|known| known.said.code == said.code) else { return };
        remark.rows += 1;
        if remark.first.len() < NAMED {
            remark.first.push(sheet.map_or_else(|| row.to_string(), |sheet| format!("{sheet}!{row}")));
        }
    }

    /// The remarks as notices of the file.
    pub(super) fn notices(self) -> impl Iterator<Item = Notice> {
        self.0.into_iter().map(|Remark { said, rows, first }| {
            let more = if rows > u64::try_from(first.len()).unwrap_or(u64::MAX) {
                ("等", ", …")
            } else {
                (" ", "")
            };
            let (zh, en) = (first.join("、") + more.0, first.join(", ") + more.1);
            Notice {
                code: said.code,
                text: Text::new(
                    format!("{rows} 行已照常接收：{}（第 {zh}行）", said.zh),
                    format!("{rows} rows were taken: {} (row {en})", said.en),
                ),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: Change = Change { code: "odd", zh: "不常见", en: "unusual" };
    const OLD: Change = Change { code: "old", zh: "已撤销", en: "abolished" };

    #[test]
    fn each_remark_is_told_once_with_its_first_rows() {
        let mut remarks = Remarks::default();
        (2..9).for_each(|row| remarks.note(ODD, None, row));
        remarks.note(OLD, Some("一年级"), 4);
        let told: Vec<Notice> = remarks.notices().collect();
        assert_eq!(told.iter().map(|n| n.code).collect::<Vec<_>>(), ["odd", "old"]);
        assert_eq!(told[0].text.zh, "7 行已照常接收：不常见（第 2、3、4、5、6等行）");
        assert_eq!(told[1].text.en, "1 rows were taken: abolished (row 一年级!4)");
        assert_eq!(Remarks::default().notices().count(), 0);
    }
}
