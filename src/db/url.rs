//! Database URLs: which engine, and for PostgreSQL the habits that every connection should have.

use crate::error::Result;
use crate::values::Text;

/// A database URL whose engine is known.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// libpq's own form; several hosts are separated by commas.
    Postgres(String),
    /// A file.
    Sqlite(String),
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Postgres(_) => f.write_str("postgres://…"),
            Self::Sqlite(path) => write!(f, "sqlite://{path}"),
        }
    }
}

impl DatabaseUrl {
    /// Reads `sqlite://path`, `postgres://…` or `postgresql://…`; anything else is refused.
    pub fn parse(url: &str) -> Result<Self, Text> {
        if let Some(path) = url.strip_prefix("sqlite://").filter(|p| !p.is_empty()) {
            return Ok(Self::Sqlite(path.to_owned()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        Err(Text::fixed(
            "数据库地址必须以 sqlite:// 或 postgres:// 开头，例如 sqlite://data/yingzhu.db",
            "the database URL must begin with sqlite:// or postgres://, e.g. sqlite://data/yingzhu.db",
        ))
    }
}

/// A PostgreSQL URL with what libpq leaves open: how long to wait for a server that does not answer, when
/// to give up a silent connection, and, of several hosts, to take the one that can be written to. What the
/// URL says itself stands.
pub(super) fn with_habits(url: &str, writes: bool) -> String {
    let (place, said) = url.split_once('?').unwrap_or((url, ""));
    let names = |name: &str| said.split('&').any(|pair| pair.split('=').next() == Some(name));
    let authority = place.split_once("://").map_or(place, |(_, rest)| rest);
    let several = authority.split('/').next().unwrap_or_default().contains(',');
    let mut habits = vec![
        ("connect_timeout", "3"),
        ("keepalives_idle", "30"),
        ("keepalives_interval", "5"),
        ("keepalives_count", "3"),
        ("tcp_user_timeout", "20000"),
    ];
    if several {
        habits.push(("target_session_attrs", if writes { "read-write" } else { "any" }));
    }
    let mut pairs: Vec<String> = said.split('&').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    pairs.extend(
        habits.iter().filter(|(name, _)| !names(name)).map(|(name, value)| format!("{name}={value}")),
    );
    format!("{place}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_are_added_and_never_overrule() {
        let plain = with_habits("postgres://u:p@h/db", true);
        assert!(plain.starts_with("postgres://u:p@h/db?connect_timeout=3&"), "{plain}");
        assert!(!plain.contains("target_session_attrs"));
        let own = with_habits("postgres://h/db?connect_timeout=9&sslmode=require", true);
        assert!(own.starts_with("postgres://h/db?connect_timeout=9&sslmode=require&"));
        assert_eq!(own.matches("connect_timeout").count(), 1);
        let several = "postgres://a:5432,b:5432/db";
        assert!(with_habits(several, true).ends_with("&target_session_attrs=read-write"));
        assert!(with_habits(several, false).ends_with("&target_session_attrs=any"));
        let chosen = with_habits("postgres://a,b/db?target_session_attrs=primary", true);
        assert!(chosen.contains("=primary") && !chosen.contains("read-write"));
    }
}
