//! The last lines of a run: on which engines it ran. A program without tests, so that what it says is
//! not captured.

use std::io::Write;
use std::process::ExitCode;

#[path = "support/installed.rs"]
mod installed;

fn main() -> ExitCode {
    let said = match (installed::named(), installed::binaries()) {
        (Some(_), _) => Ok("SQLite, and the PostgreSQL of YINGZHU_TEST_POSTGRES_URL".to_owned()),
        (None, Some((release, folder))) => {
            Ok(format!("SQLite, and PostgreSQL {release} of {}", folder.display()))
        }
        (None, None) => Err(installed::missing()),
    };
    let (line, good) = match said {
        Ok(engines) => (format!("\nengines: every test ran on {engines}\n"), true),
        Err(missing) => (format!("\nengines: {missing}\n"), !installed::required()),
    };
    let told = std::io::stdout().write_all(line.as_bytes()).is_ok();
    if good && told { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
