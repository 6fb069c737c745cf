//! The scope as a condition on a table: one for every table that has a place and a school.

/// The rows of a table that lie in a scope's place and, for a caller bound to one school, belong to it:
/// `within!(aid_notice.school_code, scope)`. The table needs a column `place`; the school is the column named.
/// A student in the scope is the caller's business.
macro_rules! within {
    ($table:ident . $school:ident, $scope:expr) => {{
        use diesel::prelude::*;
        let (low, high) = $scope.place_range();
        let here = $table::place.ge(low).and($table::place.lt(high));
        let seen: Box<
            dyn diesel::BoxableExpression<
                    $table::table,
                    $crate::db::MultiBackend,
                    SqlType = diesel::sql_types::Bool,
                >,
        > = match $scope.school() {
            Some(own) => Box::new(here.and($table::$school.eq(own.to_owned()))),
            None => Box::new(here),
        };
        seen
    }};
}
pub(crate) use within;
