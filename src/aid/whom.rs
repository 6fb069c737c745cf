//! Which students a bulk proposal means.

use super::hand::Hand;
use crate::db::Conn;
use crate::error::{Code, Error, Result};
use crate::poverty_list::model::ListState;
use crate::poverty_list::store as lists;
use crate::roll::store as roll;
use crate::values::{Place, Term, Text};

/// Which students are meant.
#[derive(Debug)]
pub enum Whom {
    /// Everyone on the roll of a place.
    Place(Place),
    /// Everyone on the roll of a school.
    School(String),
    /// Everyone on a locked version of the provincial list.
    List(String),
    /// These.
    Students(Vec<String>),
}

/// The students meant, each once, within the caller's scope.
pub fn people_of(conn: &mut Conn, hand: &Hand, term: Term, whom: &Whom) -> Result<Vec<String>> {
    let scope = hand.who.scope();
    let own = scope.place().cloned().ok_or_else(Error::not_found)?;
    let term = term.to_string();
    let mut people = match whom {
        Whom::Place(place) => roll::people_of_term(conn, &term, place, scope.school())?,
        Whom::School(code) => roll::people_of_term(conn, &term, &own, Some(code))?,
        Whom::List(id) => {
            let list = lists::find_to_read(conn, scope, id)?;
            if list.state != ListState::Locked || list.term != term {
                return Err(Error::new(
                    Code::Conflict,
                    Text::fixed(
                        "只能按本学期已锁定的名单批量申报",
                        "only a locked list of this term is proposed from",
                    ),
                ));
            }
            lists::all_entries(conn, id, &own)?.into_iter().map(|e| e.person_id).collect()
        }
        Whom::Students(ids) => ids.clone(),
    };
    people.sort_unstable();
    people.dedup();
    match whom {
        Whom::List(_) | Whom::Students(_) => roll::visible(conn, scope, &people),
        _ => Ok(people),
    }
}
