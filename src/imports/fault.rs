//! Numbered points on an import's way at which a test makes it fail, or ends the process, to prove that a
//! batch is visible wholly or not at all.
//!
//! The variable `YINGZHU_FAULT` says what and where: `fail@7` refuses at the seventh point reached,
//! `kill@7` ends the process there as a lost machine would. It is heeded in debug builds only; in a release
//! build a point is nothing.

use crate::error::Result;

/// The next point.
#[cfg(not(debug_assertions))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape as where faults are made")]
#[inline(always)]
pub(super) const fn point() -> Result<()> {
    Ok(())
}

/// The next point.
#[cfg(debug_assertions)]
pub(super) fn point() -> Result<()> {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static ORDERED: OnceLock<Option<(bool, u64)>> = OnceLock::new();
    static REACHED: AtomicU64 = AtomicU64::new(0);
    let read = || {
        let text = std::env::var("YINGZHU_FAULT").ok()?;
        let (what, at) = text.split_once('@')?;
        Some((what == "kill", at.parse().ok()?))
    };
    let Some((kill, at)) = *ORDERED.get_or_init(read) else { return Ok(()) };
    if REACHED.fetch_add(1, Ordering::Relaxed) + 1 != at {
        return Ok(());
    }
    if kill {
        // Like a lost machine: nothing is unwound, closed or told.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
    Err(crate::error::Error::unavailable("a fault that a test asked for"))
}
