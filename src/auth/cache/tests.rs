//! The cache by a fake source and a time that is only a number.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::fetch::FetchFault;
use super::*;

type Answer = Result<Vec<u8>, FetchFault>;

/// Gives the answers one after the other, the last one for ever, and counts.
#[derive(Clone)]
struct Source(Arc<(Mutex<VecDeque<Answer>>, AtomicUsize)>);

impl Source {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new((Mutex::new(answers.into_iter().collect()), AtomicUsize::new(0))))
    }

    fn fetches(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl Fetch for Source {
    fn fetch(&self) -> Answer {
        self.0.1.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.0.0.lock().unwrap();
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
    }
}

fn set(kids: &[&str]) -> Vec<u8> {
    let keys: Vec<String> = kids
        .iter()
        .map(|kid| {
            format!(
                r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#
            )
        })
        .collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(",")).into_bytes()
}

fn cache(answers: impl IntoIterator<Item = Answer>) -> (KeyCache, Source) {
    let source = Source::new(answers);
    (KeyCache::new(Box::new(source.clone()), Algorithm::EdDsa), source)
}

const T: i64 = 1_700_000_000;

fn found(lookup: &Lookup) -> &'static str {
    match lookup {
        Lookup::Set(_) => "set",
        Lookup::Unknown => "unknown",
        Lookup::Unavailable => "unavailable",
        Lookup::FetchFirst => "fetch first",
    }
}

#[test]
fn a_set_is_fetched_once_and_anew_after_ten_minutes() {
    let (cache, source) = cache([Ok(set(&["a"]))]);
    assert_eq!(found(&cache.look("a", T)), "fetch first");
    assert_eq!(source.fetches(), 0, "looking never fetches");
    for at in [T, T + 1, T + 599] {
        assert_eq!(found(&cache.look_and_fetch("a", at)), "set");
        assert_eq!(source.fetches(), 1);
    }
    assert_eq!(found(&cache.look_and_fetch("a", T + 600)), "set");
    assert_eq!(source.fetches(), 2);
}

#[test]
fn a_new_key_is_found_and_a_retired_one_is_gone() {
    let (cache, source) = cache([Ok(set(&["a"])), Ok(set(&["b"]))]);
    assert_eq!(found(&cache.look_and_fetch("a", T)), "set");
    assert_eq!(found(&cache.look_and_fetch("b", T + 30)), "set");
    assert_eq!(found(&cache.look_and_fetch("a", T + 31)), "unknown");
    assert_eq!(source.fetches(), 2);
}

#[test]
fn made_up_key_ids_fetch_once_in_thirty_seconds() {
    let (cache, source) = cache([Ok(set(&["a"]))]);
    assert!(cache.refresh(T));
    for at in T..T + 300 {
        for kid in ["x", "y", "z"] {
            assert_eq!(found(&cache.look_and_fetch(kid, at)), "unknown");
        }
        assert_eq!(found(&cache.look_and_fetch("a", at)), "set");
    }
    assert_eq!(source.fetches(), 10);
}

#[test]
fn a_failing_source_leaves_the_good_set_for_a_day() {
    let oct = br#"{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}"#.to_vec();
    for bad in [Err(FetchFault("address")), Ok(b"not json".to_vec()), Ok(b"{\"keys\":[]}".to_vec()), Ok(oct)]
    {
        let (cache, source) = cache([Ok(set(&["a"])), bad]);
        assert!(cache.refresh(T));
        for at in [T + 600, T + 3_600, T + 86_399] {
            assert_eq!(found(&cache.look_and_fetch("a", at)), "set");
            assert!(cache.ready(at));
        }
        assert_eq!(source.fetches(), 4, "it went on trying");
        assert_eq!(found(&cache.look_and_fetch("a", T + 86_400)), "unavailable");
        assert!(!cache.ready(T + 86_400));
    }
}

#[test]
fn without_any_set_nobody_is_refused_for_good() {
    let (cache, source) = cache([Err(FetchFault("address")), Ok(set(&["a"]))]);
    assert!(!cache.refresh(T));
    assert_eq!(found(&cache.look_and_fetch("a", T + 1)), "unavailable");
    assert_eq!(source.fetches(), 1);
    assert_eq!(found(&cache.look_and_fetch("a", T + 30)), "set");
}

#[test]
fn a_clock_put_back_does_not_stop_fetching() {
    let (cache, source) = cache([Ok(set(&["a"])), Ok(set(&["b"]))]);
    assert!(cache.refresh(T));
    assert_eq!(found(&cache.look_and_fetch("b", T - 3_600)), "set");
    assert_eq!(source.fetches(), 2);
}

/// Looks into the cache from within a fetch: another thread's view while one is under way.
struct Nested(Arc<RwLock<Option<Arc<KeyCache>>>>, AtomicUsize);

impl Fetch for Nested {
    fn fetch(&self) -> Answer {
        let round = self.1.fetch_add(1, Ordering::SeqCst);
        let cache = self.0.read().unwrap().clone().unwrap();
        let at = T + i64::try_from(round).unwrap() * 600;
        let other = std::thread::spawn(move || {
            (found(&cache.look_and_fetch("a", at)), found(&cache.look_and_fetch("b", at + 60)))
        });
        let expected = if round == 0 { ("unavailable", "unavailable") } else { ("set", "unknown") };
        assert_eq!(other.join().unwrap(), expected);
        Ok(set(&["a"]))
    }
}

#[test]
fn one_thread_fetches_and_nobody_waits() {
    let hole = Arc::new(RwLock::new(None));
    let cache =
        Arc::new(KeyCache::new(Box::new(Nested(Arc::clone(&hole), AtomicUsize::new(0))), Algorithm::EdDsa));
    *hole.write().unwrap() = Some(Arc::clone(&cache));
    assert_eq!(found(&cache.look_and_fetch("a", T)), "set");
    assert_eq!(found(&cache.look_and_fetch("a", T + 600)), "set");
}
