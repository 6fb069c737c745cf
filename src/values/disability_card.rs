//! Numbers of disability cards (残疾人证): the holder's resident id, one digit of kind, one of grade.
//!
//! Twenty characters, and twenty-two for a card that was reissued: a letter and a digit more. Lists of
//! the disabled, and many lists of the poor, carry the card's number where the id should be, so that an id
//! column accepts it; whoever wants to know what the card says of its holder reads it here.

use super::cleaning::{Blanks, clean};
use super::closed_list::closed_list;
use super::resident_id::{CARD_LENGTH, ResidentId, before_card_suffix};
use super::{Parsed, ValueError};

closed_list! {
    /// Kind of disability (残疾类别).
    pub enum DisabilityKind {
        Sight = "sight", "视力", "sight", ["视力残疾", "1"];
        Hearing = "hearing", "听力", "hearing", ["听力残疾", "2"];
        Speech = "speech", "言语", "speech", ["言语残疾", "3"];
        Physical = "physical", "肢体", "physical", ["肢体残疾", "4"];
        Intellectual = "intellectual", "智力", "intellectual", ["智力残疾", "5"];
        Mental = "mental", "精神", "mental", ["精神残疾", "6"];
        Multiple = "multiple", "多重", "multiple", ["多重残疾", "7"];
    }
}

/// A card's number whose id, kind and grade are right. Shows itself masked in `Debug`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DisabilityCard {
    id: ResidentId,
    kind: DisabilityKind,
    grade: u8,
    reissue: Option<String>,
}

impl DisabilityCard {
    /// Reads a card's number of 20 or 22 characters. Errors: those of [`ResidentId::parse`]; `id_length`
    /// also when what follows the id is no kind (1 to 7) and grade (1 to 4).
    pub fn parse(text: &str) -> Result<Parsed<Self>, ValueError> {
        let (number, mut changes) = clean(text, Blanks::All);
        if !matches!(number.chars().count(), 20 | 22) {
            return Err(CARD_LENGTH);
        }
        let id = ResidentId::parse(&before_card_suffix(&number)?)?;
        changes.extend(id.changes);
        let mut rest = number.chars().skip(18);
        let (kind, grade) = (rest.next(), rest.next().and_then(|c| c.to_digit(10)));
        let kind = kind.and_then(|c| DisabilityKind::from_word(c.encode_utf8(&mut [0; 4])));
        let reissue: String = rest.collect::<String>().to_ascii_uppercase();
        Ok(Parsed {
            value: Self {
                id: id.value,
                kind: kind.ok_or(CARD_LENGTH)?,
                grade: grade.and_then(|g| u8::try_from(g).ok()).ok_or(CARD_LENGTH)?,
                reissue: Some(reissue).filter(|r| !r.is_empty()),
            },
            changes,
        })
    }

    /// The holder's resident id.
    pub fn resident_id(&self) -> &ResidentId {
        &self.id
    }

    /// Kind of disability.
    pub fn kind(&self) -> DisabilityKind {
        self.kind
    }

    /// Grade, 1 (the most severe) to 4.
    pub fn grade(&self) -> u8 {
        self.grade
    }

    /// The two characters of a reissued card.
    pub fn reissue(&self) -> Option<&str> {
        self.reissue.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_tells_id_kind_and_grade() {
        for (text, kind, grade, reissue) in [
            ("11010519491231002X44", DisabilityKind::Physical, 4, None),
            ("11010519491231002x11", DisabilityKind::Sight, 1, None),
            (" 11010519491231002X 72 ", DisabilityKind::Multiple, 2, None),
            ("11010519491231002X53B1", DisabilityKind::Intellectual, 3, Some("B1")),
            ("11010519491231002X53b2", DisabilityKind::Intellectual, 3, Some("B2")),
        ] {
            let card = DisabilityCard::parse(text).unwrap_or_else(|e| panic!("{text}: {}", e.code)).value;
            assert_eq!(card.resident_id().as_str(), "11010519491231002X", "{text}");
            assert_eq!((card.kind(), card.grade(), card.reissue()), (kind, grade, reissue), "{text}");
            assert!(!format!("{card:?}").contains("19491231"));
        }
    }

    #[test]
    fn what_is_no_card_is_refused() {
        for (text, code) in [
            ("", "id_length"),
            ("11010519491231002X", "id_length"),
            ("11010519491231002X84", "id_length"),
            ("11010519491231002X45", "id_length"),
            ("11010519491231002X4", "id_length"),
            ("11010519491231002X44残疾", "id_length"),
            ("11010519491231003X44", "id_check_digit"),
            ("11010519491331002X44", "id_date"),
        ] {
            assert_eq!(DisabilityCard::parse(text).unwrap_err().code, code, "{text}");
        }
    }
}
