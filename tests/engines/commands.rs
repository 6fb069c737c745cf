//! What the command line does beyond the import itself: a refused id leads back to its pupil in the same command.

use std::path::PathBuf;
use std::process::Command;

use yingzhu::auth::Scope;
use yingzhu::proposals::store::{Filter, list};
use yingzhu::values::{Place, check_digit};

use crate::engine::Ground;

fn id(n: u32) -> String {
    let body = format!("34102420120314{n:03}");
    format!("{body}{}", check_digit(&body).unwrap())
}

/// Imports text as a file and gives back what was said.
fn import(ground: &Ground, kind: &str, text: &str) -> String {
    let file: PathBuf = ground.folder.path().join(format!("{kind}.csv"));
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_yingzhu"));
    command.env_clear().args(["import", kind]).arg(&file);
    command.args(["--term", "2024A", "--place", "341024", "--database", &ground.url, "--dev"]);
    let output = command.arg("--data-dir").arg(ground.folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_list_imported_by_command_has_its_proposals_when_the_command_ends() {
    let ground = Ground::migrated();
    let roll = format!(
        "姓名,身份证件号,学校标识码,学段,年级,就读方式,在读状态\n张三,{},2134000001,小学,三年级,走读,在读\n",
        id(12)
    );
    assert!(!import(&ground, "roll", &roll).contains("更正建议"), "there is nothing to hold a roll against");
    // The id, which ends with no X, as a spreadsheet leaves it that took it for a number.
    let lost = format!("{}000", &id(12)[..15]);
    let rows = format!(
        "姓名,身份证号,户籍地区划代码,户类型\n张三,{lost},341024,建档立卡\n李四,{},341024,建档立卡\n",
        id(13)
    );
    let said = import(&ground, "poverty-list", &rows);
    assert!(said.contains("更正建议：1 条待确认（/v1/proposals?import="), "{said}");
    assert!(!said.contains(&lost) && !said.contains("张三"), "{said}");
    let scope = Scope::local(Place::parse("341024").unwrap());
    let found =
        || ground.connect(1).read_now(|conn| list(conn, &scope, Filter::default(), None, 10)).unwrap().len();
    assert_eq!(found(), 1);
    // The same file again says the same and adds nothing.
    let again = import(&ground, "poverty-list", &rows);
    assert!(again.contains("未作改动") && again.contains("1 条待确认"), "{again}");
    assert_eq!(found(), 1);
}
