//! Named points on an import's way at which a test makes it fail, or ends the process, to prove that a batch
//! is visible wholly or not at all.
//!
//! The variable `YINGZHU_FAULT` says how, where and which time: `fail@store:2` refuses before the second
//! chunk is stored, `kill@row:7` ends the process at the seventh row as a lost machine would. It is heeded in
//! debug builds only; in a release build a point is nothing.

use crate::error::Result;

/// A point on the way.
#[cfg(not(debug_assertions))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape as where faults are made")]
#[inline(always)]
pub(super) const fn point(_name: &str) -> Result<()> {
    Ok(())
}

/// A point on the way.
#[cfg(debug_assertions)]
pub(super) fn point(name: &str) -> Result<()> {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Fault {
        kill: bool,
        point: String,
        time: u64,
    }

    static ORDERED: OnceLock<Option<Fault>> = OnceLock::new();
    static REACHED: AtomicU64 = AtomicU64::new(0);
    let read = || {
        let text = std::env::var("YINGZHU_FAULT").ok()?;
        let (how, place) = text.split_once('@')?;
        let (point, time) = place.split_once(':')?;
        Some(Fault { kill: how == "kill", point: point.to_owned(), time: time.parse().ok()? })
    };
    let Some(fault) = ORDERED.get_or_init(read).as_ref().filter(|f| f.point == name) else { return Ok(()) };
    if REACHED.fetch_add(1, Ordering::Relaxed) + 1 != fault.time {
        return Ok(());
    }
    if fault.kill {
        // Like a lost machine: nothing is unwound, closed or told.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
    Err(crate::error::Error::internal("a fault that a test asked for"))
}
