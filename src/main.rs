//! The binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match (args.next(), args.next()) {
        (Some(command), Some(path)) if command == "sheet-reader" => {
            yingzhu::sheet::child::run(std::path::Path::new(&path))
        }
        _ => ExitCode::SUCCESS,
    }
}
