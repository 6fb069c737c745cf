//! A record as the lines of its ledger make it, and which payments a return takes back. Pure.

use chrono::NaiveDate;

use super::model::{AidRecord, Entry, EntryKind};
use super::rules::{Act, Refused, Standing, step};

/// What the lines up to some moment come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// State and sums.
    pub standing: Standing,
    /// The last payment's day.
    pub paid_on: Option<NaiveDate>,
    /// The number of the last line.
    pub version: i64,
}

/// Makes the record again from its lines in their order; `None` without a first line that begins one.
/// `Err` if a line does not follow from those before, which no way in allows.
pub fn fold(entries: &[Entry]) -> Result<Option<Told>, Refused> {
    let Some((first, further)) = entries.split_first() else { return Ok(None) };
    let fen = first.fen.unwrap_or_default();
    let standing = match first.kind {
        EntryKind::Proposed => Standing::proposed(fen),
        EntryKind::Paid => Standing::stated(fen),
        _ => return Ok(None),
    };
    let paid_on = (first.kind == EntryKind::Paid).then_some(first.on_day).flatten();
    let mut told = Told { standing, paid_on, version: first.line };
    for entry in further {
        let fen = entry.fen.unwrap_or_default();
        let act = match entry.kind {
            EntryKind::Proposed => return Err(Refused::State(told.standing.state)),
            EntryKind::Noticed => Act::Notice,
            EntryKind::Approved => Act::Approve,
            EntryKind::Paid => Act::Pay(fen),
            EntryKind::Acknowledged => Act::Acknowledge,
            EntryKind::Returned => Act::Return(fen),
            EntryKind::Bounced => Act::Bounce(fen),
            // Who may was judged when the line was written.
            EntryKind::Cancelled => Act::Cancel { bureau: true },
            EntryKind::Corrected => Act::Correct { bureau: true },
        };
        told.standing = step(told.standing, act)?;
        told.version = entry.line;
        if entry.kind == EntryKind::Paid {
            told.paid_on = entry.on_day;
        }
    }
    Ok(Some(told))
}

/// The record after some acts, with the lines they add. Each line gets its number; what it says of notice,
/// approver and day of payment goes into the record.
pub fn advance(record: &AidRecord, acts: Vec<(Act, Entry)>) -> Result<(AidRecord, Vec<Entry>), Refused> {
    let mut after = record.clone();
    let mut lines = Vec::with_capacity(acts.len());
    for (act, entry) in acts {
        let standing = step((&after).into(), act)?;
        after.state = standing.state;
        after.paid_fen = standing.paid;
        after.returned_fen = standing.returned;
        after.version += 1;
        match entry.kind {
            EntryKind::Noticed => after.notice_id.clone_from(&entry.other_id),
            EntryKind::Approved => after.approved_by = Some(entry.recorded_by.clone()),
            EntryKind::Paid => after.paid_on = entry.on_day,
            _ => {}
        }
        lines.push(Entry { line: after.version, ..entry });
    }
    Ok((after, lines))
}

/// Which payments an amount given back is taken from, and how much of each: the latest first.
pub fn taken_from(entries: &[Entry], fen: i64) -> Vec<(i64, i64)> {
    let returned =
        |line: i64| -> i64 { entries.iter().filter(|e| e.of_line == Some(line)).filter_map(|e| e.fen).sum() };
    let mut left = fen;
    let mut taken = Vec::new();
    for payment in entries.iter().rev().filter(|e| e.kind == EntryKind::Paid) {
        let there = payment.fen.unwrap_or_default() - returned(payment.line);
        let part = left.min(there);
        if part > 0 {
            taken.push((payment.line, part));
            left -= part;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::super::model::AidState;
    use super::*;

    fn lines(said: &[(EntryKind, i64)]) -> Vec<Entry> {
        let at = NaiveDate::from_ymd_opt(2024, 11, 20).unwrap();
        (1..)
            .zip(said)
            .map(|(line, (kind, fen))| Entry {
                fen: Some(*fen),
                on_day: Some(at),
                ..Entry::new("r", line, *kind, "who", at.into())
            })
            .collect()
    }

    #[test]
    fn lines_make_the_record() {
        use EntryKind::{Acknowledged, Approved, Noticed, Paid, Proposed, Returned};
        let all = lines(&[
            (Proposed, 100),
            (Noticed, 0),
            (Approved, 0),
            (Paid, 60),
            (Paid, 40),
            (Acknowledged, 0),
            (Returned, 50),
        ]);
        for (count, state, net) in [
            (1, AidState::Proposed, 0),
            (3, AidState::Approved, 0),
            (4, AidState::Approved, 60),
            (5, AidState::Paid, 100),
            (6, AidState::Acknowledged, 100),
            (7, AidState::Acknowledged, 50),
        ] {
            let told = fold(&all[..count]).unwrap().unwrap();
            assert_eq!((told.standing.state, told.standing.net()), (state, net), "{count}");
            assert_eq!(told.version, i64::try_from(count).unwrap());
        }
        assert_eq!(fold(&[]), Ok(None));
        assert_eq!(fold(&all[1..]), Ok(None));
        // A gap in the walk is no record.
        let gap = [all[0].clone(), all[3].clone()];
        assert_eq!(fold(&gap), Err(Refused::State(AidState::Proposed)));
    }

    #[test]
    fn a_return_takes_the_latest_payment_first() {
        use EntryKind::{Paid, Proposed};
        let mut all = lines(&[(Proposed, 100), (Paid, 60), (Paid, 40)]);
        assert_eq!(taken_from(&all, 30), [(3, 30)]);
        assert_eq!(taken_from(&all, 50), [(3, 40), (2, 10)]);
        all.push(Entry { of_line: Some(3), ..lines(&[(EntryKind::Returned, 30)]).remove(0) });
        assert_eq!(taken_from(&all, 50), [(3, 10), (2, 40)]);
    }
}
