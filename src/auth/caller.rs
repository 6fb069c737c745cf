//! The verified caller and the scope that goes into queries.

use super::Role;
use crate::values::Place;

/// Where a caller's rights end. Every store function takes one, and all of its parts narrow: rows must
/// lie in the place, and belong to the school and to the student if these are given.
///
/// Only the verifier makes one, from a signed token; [`Scope::local`] is for commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    place: Option<Place>,
    school: Option<String>,
    student: Option<String>,
}

impl Scope {
    pub(super) fn of_token(place: Option<Place>, school: Option<String>, student: Option<String>) -> Self {
        Self { place, school, student }
    }

    /// The scope of a command that an operator runs on the server itself (import, demo, cross-check).
    /// Whoever can run it can read the database and the keys anyway. Never call it for a request.
    pub fn local(place: Place) -> Self {
        Self { place: Some(place), school: None, student: None }
    }

    /// The scope of a caller whose verified request was kept to be carried out later. Never widened: it is
    /// what the token said.
    pub(crate) fn kept(place: Place, school: Option<String>) -> Self {
        Self { place: Some(place), school, student: None }
    }

    /// The place, significant digits only. `None` for a guardian, whose scope is the student.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The school code, if the caller is bound to one school.
    pub fn school(&self) -> Option<&str> {
        self.school.as_deref()
    }

    /// The student's id, if the caller is bound to one student: always so for a guardian.
    pub fn student(&self) -> Option<&str> {
        self.student.as_deref()
    }

    /// The half-open range for `place >= low AND place < high`. Without a place the range is empty, so
    /// that a query which forgets the student gives a guardian nothing rather than everything.
    pub fn place_range(&self) -> (String, String) {
        self.place.as_ref().map_or_else(|| (String::new(), String::new()), Place::range)
    }
}

/// Who calls: the outcome of a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) roles: Vec<Role>,
    pub(super) scope: Scope,
    pub(super) pii: bool,
    pub(super) purpose: Option<String>,
    pub(super) jti: String,
}

impl Caller {
    /// Whoever made a verified request that was kept to be carried out later, as [`Caller::actor`] names them.
    /// What they may do was settled when it came in: no roles, and nothing unmasked.
    pub(crate) fn kept(actor: &str, scope: Scope) -> Self {
        let (issuer, subject) = actor.rsplit_once('#').unwrap_or_default();
        Self {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            roles: Vec::new(),
            scope,
            pii: false,
            purpose: None,
            jti: String::new(),
        }
    }

    /// Who it is, as the issuer names them. Unique within the issuer only: see [`Caller::actor`].
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Issuer and subject: who proposed and who approves are compared by this.
    pub fn actor(&self) -> String {
        format!("{}#{}", self.issuer, self.subject)
    }

    /// The roles, in the order of [`Role::ALL`], at least one.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Whether the caller has any of these roles.
    pub fn has_any(&self, roles: &[Role]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }

    /// Where the caller's rights end.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether the token holds `pii:read`.
    pub fn pii(&self) -> bool {
        self.pii
    }

    /// What the caller says the personal data are for.
    pub fn purpose(&self) -> Option<&str> {
        self.purpose.as_deref()
    }

    /// Whether ids and names may be answered unmasked: `pii:read` and a stated purpose, both.
    pub fn sees_identities(&self) -> bool {
        self.pii && self.purpose.is_some()
    }

    /// The token's own id, for the audit log.
    pub fn jti(&self) -> &str {
        &self.jti
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_never_everything() {
        let place = Place::parse("341000").unwrap();
        assert_eq!(Scope::local(place).place_range(), ("3410".to_owned(), "3411".to_owned()));
        let (low, high) = Scope::of_token(None, None, Some("s1".to_owned())).place_range();
        for code in ["", "34", "341024", "999999"] {
            assert!(!(code >= low.as_str() && code < high.as_str()), "{code}");
        }
    }
}
