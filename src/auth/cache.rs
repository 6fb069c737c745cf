//! When a key set is fetched, how long it is kept, and who has to wait.
//!
//! A set is fetched anew every ten minutes, and at once when a token names a key that is not in it
//! (the issuer may have rotated), but never more often than every thirty seconds, so that made-up key
//! ids cannot be used to hammer the issuer. A set that cannot be fetched or is refused never replaces
//! a good one, which is served for up to a day. Only one thread fetches; nobody waits for it: others
//! go on with the set there is, or are told to come back.
//!
//! Time comes in as an argument. Fetching is behind [`Fetch`]; this file does not know from where.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::Algorithm;
use super::fetch::Fetch;
use super::keys::KeySet;

const REFRESH_AFTER: i64 = 600;
const BETWEEN_FETCHES: i64 = 30;
const STALE_AFTER: i64 = 24 * 3600;

/// What the cache says to a key id.
#[derive(Debug, Clone)]
pub(super) enum Lookup {
    /// The set that holds the key.
    Set(Arc<KeySet>),
    /// There is a set, and the key is not in it.
    Unknown,
    /// There is no set young enough.
    Unavailable,
    /// A fetch is due, which may block.
    FetchFirst,
}

pub(super) struct KeyCache {
    fetch: Box<dyn Fetch>,
    algorithm: Algorithm,
    state: RwLock<State>,
    flight: Mutex<()>,
}

#[derive(Clone, Default)]
struct State {
    set: Option<Arc<KeySet>>,
    /// When the set was fetched, in seconds since 1970.
    good_at: i64,
    /// When a fetch was last begun.
    tried_at: Option<i64>,
}

impl KeyCache {
    pub(super) fn new(fetch: Box<dyn Fetch>, algorithm: Algorithm) -> Self {
        Self { fetch, algorithm, state: RwLock::default(), flight: Mutex::default() }
    }

    /// Looks a key up without blocking.
    pub(super) fn look(&self, kid: &str, now: i64) -> Lookup {
        let state = self.state();
        // A clock that was put back must not stop fetching for as long.
        let may_fetch = state.tried_at.is_none_or(|at| !(0..BETWEEN_FETCHES).contains(&(now - at)));
        let old = state.set.is_some() && now - state.good_at >= REFRESH_AFTER;
        match answer(&state, kid, now) {
            Lookup::Set(_) if old && may_fetch => Lookup::FetchFirst,
            Lookup::Unknown | Lookup::Unavailable if may_fetch => Lookup::FetchFirst,
            found => found,
        }
    }

    /// Looks a key up and fetches first if that is due. Blocks for as long as a fetch takes.
    pub(super) fn look_and_fetch(&self, kid: &str, now: i64) -> Lookup {
        match self.look(kid, now) {
            Lookup::FetchFirst => {
                self.refresh(now);
                answer(&self.state(), kid, now)
            }
            found => found,
        }
    }

    /// Fetches now, unless another thread is at it. Says whether there is a set young enough to serve.
    pub(super) fn refresh(&self, now: i64) -> bool {
        if let Ok(_flight) = self.flight.try_lock() {
            self.write(|state| state.tried_at = Some(now));
            let outcome = self.fetch.fetch().map_err(|fault| fault.0);
            match outcome.and_then(|bytes| KeySet::parse(&bytes, self.algorithm)) {
                Ok(set) => self.write(|state| {
                    state.set = Some(Arc::new(set));
                    state.good_at = now;
                }),
                Err(reason) => log::warn!("event=jwks_not_replaced reason={reason}"),
            }
        }
        self.ready(now)
    }

    /// Whether there is a set young enough to serve.
    pub(super) fn ready(&self, now: i64) -> bool {
        let state = self.state();
        state.set.is_some() && now - state.good_at < STALE_AFTER
    }

    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn answer(state: &State, kid: &str, now: i64) -> Lookup {
    match &state.set {
        Some(set) if now - state.good_at < STALE_AFTER => {
            if set.holds(kid) {
                Lookup::Set(Arc::clone(set))
            } else {
                Lookup::Unknown
            }
        }
        _ => Lookup::Unavailable,
    }
}

#[cfg(test)]
mod tests;
