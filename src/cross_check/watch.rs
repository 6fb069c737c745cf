//! How a run tells how far it is, and is told to stop.

use crate::error::Result;
use crate::values::closed_list::closed_list;

closed_list! {
    /// What a run is doing (比对步骤), in this order.
    pub enum Step {
        List = "list", "读取名单", "reading the list";
        Aid = "aid", "读取资助记录", "reading the aid records";
        Roll = "roll", "读取学籍并测算应助", "reading the roll and deciding what is due";
        Births = "births", "核对发放时年龄", "reading days of birth";
        Proposals = "proposals", "查找疑似录入错误", "looking for mistyped ids";
        Compare = "compare", "比对", "holding the three together";
        Save = "save", "保存疑点", "saving the findings";
    }
}

/// Called with each handful of rows a step has read or written. An error stops the run, and the
/// transaction it runs in is rolled back: so a run is cancelled.
pub type Watch<'a> = &'a mut dyn FnMut(Step, usize) -> Result<()>;

/// For whoever does not watch.
pub fn unwatched(_: Step, _: usize) -> Result<()> {
    Ok(())
}
