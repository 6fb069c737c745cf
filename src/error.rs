//! Every refusal and failure the service can answer with, as one closed table.
//!
//! An [`Error`] is a [`Code`] (status, title and stable `type` in both languages), a sentence for the
//! person who asked, and the fields it concerns. It becomes RFC 9457 `application/problem+json` at the
//! rim, in the caller's language. Which error to use where:
//!
//! * a value that a person sent is wrong → [`Error::invalid`] with a [`FieldError`] per field;
//! * the thing is not there, or not for this caller → [`Error::not_found`] (the two look alike);
//! * the state forbids it → [`Error::new`] with a conflict code;
//! * the database or the machine failed → `?` on its error: logged once with its place, answered as a
//!   fixed sentence, because causes may hold other people's data.

use std::panic::Location;

use crate::values::{Lang, Text, ValueError};

/// The result of everything that can be refused or can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ( $( $(#[$meta:meta])* $variant:ident = $code:literal, $status:literal, $zh:literal, $en:literal; )+ ) => {
        /// The closed table of problem codes. The `type` of a problem is `urn:yingzhu:problem:<code>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $( $(#[$meta])* #[doc = $en] $variant, )+ }

        impl Code {
            /// Every code, for the documentation and the tests.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The stable machine code.
            pub const fn code(self) -> &'static str {
                match self { $( Self::$variant => $code, )+ }
            }

            /// The HTTP status (RFC 9110).
            pub const fn status(self) -> u16 {
                match self { $( Self::$variant => $status, )+ }
            }

            /// The title in both languages.
            pub const fn title(self) -> Text {
                match self { $( Self::$variant => Text::fixed($zh, $en), )+ }
            }
        }
    };
}

codes! {
    MalformedRequest = "malformed_request", 400, "请求格式不对", "The request is malformed";
    Unauthenticated = "unauthenticated", 401, "需要有效的访问令牌", "A valid access token is needed";
    Forbidden = "forbidden", 403, "该角色无权执行此操作", "This role may not do this";
    SamePerson = "same_person", 403, "提交人与审核人不能是同一人", "The person who proposed may not approve";
    NotFound = "not_found", 404, "没有找到，或不在您的管辖范围内", "Not found, or not within your scope";
    MethodNotAllowed = "method_not_allowed", 405, "此地址不支持该方法", "This address does not support the method";
    RequestTimeout = "request_timeout", 408, "请求内容传输过慢", "The request body arrived too slowly";
    Conflict = "conflict", 409, "当前状态不允许此操作", "The current state does not allow this";
    DifferentRequest = "idempotency_key_reused", 422, "同一幂等键用于了不同的请求", "The idempotency key was used for a different request";
    RequestInProgress = "idempotency_key_in_use", 409, "同一请求仍在处理", "The same request is still being worked on";
    TooLarge = "too_large", 413, "请求或文件过大", "The request or file is too large";
    UnsupportedMediaType = "unsupported_media_type", 415, "不支持的内容类型", "The media type is not supported";
    InvalidInput = "invalid_input", 422, "提交的内容有误", "The input is not valid";
    UnreadableFile = "unreadable_file", 422, "文件无法读取", "The file cannot be read";
    HeaderNotFound = "header_not_found", 422, "文件中找不到表头", "No header row was found in the file";
    AmbiguousColumns = "ambiguous_columns", 422, "有两列含义相同", "Two columns mean the same";
    EmptyFile = "empty_file", 422, "文件是空的", "The file is empty";
    PreconditionFailed = "precondition_failed", 412, "内容已被他人修改", "The resource has changed meanwhile";
    PreconditionRequired = "precondition_required", 428, "请在 If-Match 中给出所依据的版本（记录的 ETag）", "Name the version you decided upon in If-Match (the record's ETag)";
    HeadersTooLarge = "headers_too_large", 431, "请求头过大", "The request headers are too large";
    Internal = "internal", 500, "服务内部错误", "Internal error";
    DatabaseRefused = "database_refused", 503, "数据库无法使用", "The database cannot be used";
    Unavailable = "unavailable", 503, "服务暂时不可用，请稍后再试", "Temporarily unavailable, try again shortly";
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the body, or `?name` for a query parameter.
    pub pointer: String,
    /// Stable code of the fault.
    pub code: &'static str,
    /// What is wrong and what to do, without repeating the value.
    pub detail: Text,
}

/// A refusal or a failure, ready to be told to a person.
#[derive(Debug)]
pub struct Error {
    /// Which of the closed table.
    pub code: Code,
    /// The sentence for this case.
    pub detail: Text,
    /// The fields concerned, if any.
    pub fields: Vec<FieldError>,
    /// Seconds after which a retry makes sense (`Retry-After`).
    pub retry_after: Option<u32>,
    /// Whether it would fail again.
    pub passing: Passing,
    /// For the log only: what failed and where in the source.
    pub cause: Option<Cause>,
}

/// The inner cause of a failure. It is logged, never answered.
#[derive(Debug)]
pub struct Cause {
    /// A description without personal data.
    pub what: String,
    /// Where in the source it surfaced.
    pub at: &'static Location<'static>,
}

/// Whether a failure would be one again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// As far as is known.
    No,
    /// Another transaction was faster: the same work, begun again, finds what the other did.
    MetAnother,
    /// Another transaction held what was needed for longer than one waits.
    Locked,
    /// The connection is gone.
    LostDatabase,
    /// The database takes no writes.
    ReadOnly,
}

impl Error {
    /// A refusal with its own sentence.
    pub fn new(code: Code, detail: Text) -> Self {
        Self { code, detail, fields: Vec::new(), retry_after: None, passing: Passing::No, cause: None }
    }

    /// A refusal with the sentence of the table.
    pub fn of(code: Code) -> Self {
        Self::new(code, code.title())
    }

    /// Wrong input, field by field.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let detail = Text::new(
            format!("有 {} 处内容需要更正，见 errors", fields.len()),
            format!("{} field(s) need correction, see errors", fields.len()),
        );
        Self { fields, ..Self::new(Code::InvalidInput, detail) }
    }

    /// One wrong field.
    pub fn invalid_field(pointer: impl Into<String>, error: ValueError) -> Self {
        Self::invalid(vec![FieldError::from_value(pointer, error)])
    }

    /// Absent, or not for this caller: the two are one answer.
    pub fn not_found() -> Self {
        Self::of(Code::NotFound)
    }

    /// A failure whose cause goes to the log only.
    #[track_caller]
    pub fn internal(what: impl Into<String>) -> Self {
        Self::failed(Code::Internal, what)
    }

    /// A passing outage: 503 with `Retry-After`.
    #[track_caller]
    pub fn unavailable(what: impl Into<String>) -> Self {
        Self { retry_after: Some(2), ..Self::failed(Code::Unavailable, what) }
    }

    #[track_caller]
    fn failed(code: Code, what: impl Into<String>) -> Self {
        let cause = Cause { what: what.into(), at: Location::caller() };
        Self { cause: Some(cause), ..Self::of(code) }
    }

    /// Another transaction was faster; the same work may be begun again. Told to the caller as a 503.
    #[track_caller]
    pub fn faster_was_another(what: impl Into<String>) -> Self {
        Self { passing: Passing::MetAnother, ..Self::unavailable(what) }
    }

    /// Whether the same work, begun again, would find what another has done meanwhile.
    pub fn met_another(&self) -> bool {
        self.passing == Passing::MetAnother
    }

    /// Whether the connection to the database is gone.
    pub fn lost_the_database(&self) -> bool {
        self.passing == Passing::LostDatabase
    }

    /// Whether the database took no write, while it may still be read.
    pub fn read_only(&self) -> bool {
        self.passing == Passing::ReadOnly
    }

    /// The sentence in the reader's language, with its field errors: for the command line.
    pub fn message(&self, lang: Lang) -> String {
        self.fields.iter().fold(self.detail.in_lang(lang).to_owned(), |text, field| {
            text + "\n  " + &field.pointer + ": " + field.detail.in_lang(lang)
        })
    }
}

impl FieldError {
    /// A field error from a value's own error: what is wrong, then what to do.
    pub fn from_value(pointer: impl Into<String>, error: ValueError) -> Self {
        let detail = Text::new(
            format!("{}；{}", error.what.zh, error.todo.zh),
            format!("{}; {}", error.what.en, error.todo.en),
        );
        Self { pointer: pointer.into(), code: error.code, detail }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.code(), self.detail.zh)?;
        if let Some(cause) = &self.cause {
            write!(f, " [{} at {}]", cause.what, cause.at)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<diesel::result::Error> for Error {
    #[track_caller]
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::Error as Diesel;
        // Only the kind is kept: PostgreSQL's messages may quote the row.
        match error {
            Diesel::NotFound => Self::not_found(),
            Diesel::DatabaseError(kind, info) => of_database(kind, info.as_ref()),
            Diesel::RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            // The driver has given the connection up.
            Diesel::BrokenTransactionManager => {
                Self { passing: Passing::LostDatabase, ..Self::unavailable("database: a broken transaction") }
            }
            Diesel::DeserializationError(_) => Self::internal("database: a stored value could not be read"),
            Diesel::SerializationError(_) => Self::internal("database: a value could not be stored"),
            other => Self::internal(format!("database: {}", std::any::type_name_of_val(&other))),
        }
    }
}

/// What the database said, by kind. Where the driver knows no kind the words decide, in the languages that
/// a server may speak.
#[track_caller]
fn of_database(
    kind: diesel::result::DatabaseErrorKind,
    info: &(dyn diesel::result::DatabaseErrorInformation + Send + Sync),
) -> Error {
    use diesel::result::DatabaseErrorKind as Kind;
    let message = info.message();
    let said = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let table = info.table_name().unwrap_or("-");
    let what = format!("database: {kind:?} table={table}");
    match kind {
        Kind::ClosedConnection | Kind::UnableToSendCommand => {
            Error { passing: Passing::LostDatabase, ..Error::unavailable(what) }
        }
        // Told by the server itself while it goes down or comes up.
        _ if said(&[
            "terminating connection",
            "server closed the connection",
            "the database system is",
            "no connection to the server",
            "could not receive data from server",
            "could not send data to server",
        ]) =>
        {
            Error { passing: Passing::LostDatabase, ..Error::unavailable(what) }
        }
        Kind::SerializationFailure => Error::faster_was_another(what),
        // Only PostgreSQL names the constraint, and only there two may write at once.
        Kind::UniqueViolation if info.constraint_name().is_some() => Error::faster_was_another(what),
        _ if said(&["deadlock detected", "死锁"]) => Error::faster_was_another(what),
        _ if said(&["lock timeout", "锁超时", "database is locked", "database table is locked"]) => {
            Error { passing: Passing::Locked, ..Error::unavailable(what) }
        }
        _ if matches!(kind, Kind::ReadOnlyTransaction)
            || said(&["readonly database", "read-only transaction"]) =>
        {
            Error {
                passing: Passing::ReadOnly,
                detail: Text::fixed(
                    "数据库当前只读，暂时不能写入；查询不受影响。请联系系统管理员检查主备切换或文件权限",
                    "the database takes no writes at the moment, reading goes on: the administrator should look at \
                 the fail-over or the file's permissions",
                ),
                ..Error::unavailable(what)
            }
        }
        _ if said(&["disk is full", "No space left", "设备上没有空间", "could not extend file"]) => {
            Error {
                detail: Text::fixed(
                    "数据库所在磁盘已满，暂时不能写入；查询不受影响。请联系系统管理员清理或扩容",
                    "the database's disk is full and nothing can be written, reading goes on: the administrator \
                 should make room",
                ),
                ..Error::unavailable(what)
            }
        }
        _ if said(&["statement timeout", "语句超时", "disk I/O error"]) => Error::unavailable(what),
        // SQLite's own messages name tables and columns only.
        _ if ["UNIQUE", "no such", "FOREIGN", "CHECK", "NOT NULL"].iter().any(|w| message.starts_with(w)) => {
            Error::internal(format!("{what} {message}"))
        }
        _ => Error::internal(what),
    }
}

impl From<std::io::Error> for Error {
    #[track_caller]
    fn from(error: std::io::Error) -> Self {
        Self::internal(format!("i/o: {:?}", error.kind()))
    }
}

impl From<serde_json::Error> for Error {
    #[track_caller]
    fn from(error: serde_json::Error) -> Self {
        Self::internal(format!("json: {:?}", error.classify()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_statuses_are_errors() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.code()), "{}", code.code());
            assert!((400..600).contains(&code.status()));
            assert!(!code.title().zh.is_empty() && !code.title().en.is_empty());
        }
    }

    #[test]
    fn a_cause_is_kept_for_the_log_and_not_for_the_caller() {
        let error = Error::internal("secret detail");
        assert!(error.to_string().contains("secret detail"));
        assert!(!error.message(Lang::Zh).contains("secret detail"));
    }
}
