//! The log: one line per record on standard error, whatever a message holds.

use std::io::Write;

/// Starts the log with a filter from the configuration.
///
/// `RUST_LOG` is not read, because dependencies write whole requests at their lower levels.
pub(super) fn start(filter: &str) {
    let mut builder = env_logger::Builder::new();
    builder.parse_filters(filter).format(|buffer, record| {
        let line = one_line(&record.args().to_string());
        writeln!(buffer, "{} {} {} {line}", buffer.timestamp_millis(), record.level(), record.target())
    });
    // A process that has a logger already keeps it.
    let _ = builder.try_init();
}

/// Control characters escaped: a value must not be able to forge a second record.
fn one_line(message: &str) -> String {
    message.chars().fold(String::with_capacity(message.len()), |mut line, c| {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_stays_on_its_line() {
        assert_eq!(
            one_line("a\nERROR forged\r\u{1b}[0m\u{85}\u{2028}中"),
            "a\\nERROR forged\\r\\u{1b}[0m\\u{85}\\u{2028}中"
        );
    }
}
