//! Counters for Prometheus, by route pattern and status. No label ever holds what a caller sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the duration histogram, in milliseconds.
const BOUNDS_MS: [u64; 9] = [1, 5, 10, 50, 100, 500, 1_000, 5_000, 30_000];

/// The service's counters, shared by all workers.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, String, u16), u64>>,
    durations: Mutex<BTreeMap<String, Histogram>>,
    panics: AtomicU64,
}

#[derive(Debug, Default, Clone)]
struct Histogram {
    buckets: [u64; BOUNDS_MS.len()],
    count: u64,
    micros: u64,
}

impl Metrics {
    /// Counts one answered request. `route` is the matched pattern, never the path.
    pub fn answered(&self, method: &actix_web::http::Method, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((known_method(method), route.to_owned(), status)).or_default() += 1;
        drop(requests);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        let histogram = durations.entry(route.to_owned()).or_default();
        histogram.count += 1;
        histogram.micros = histogram.micros.saturating_add(micros);
        for (bucket, bound) in histogram.buckets.iter_mut().zip(BOUNDS_MS) {
            if micros <= bound * 1_000 {
                *bucket += 1;
            }
        }
    }

    /// Counts a handler's panic.
    pub fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// The text of `/metrics` (Prometheus text format 0.0.4).
    pub fn text(&self) -> String {
        let mut out = String::from(
            "# HELP yingzhu_http_requests_total Answered requests.\n# TYPE yingzhu_http_requests_total counter\n",
        );
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ((method, route, status), count) in &requests {
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "yingzhu_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}"
            );
        }
        out.push_str(
            "# HELP yingzhu_http_request_seconds Time to the answer's head.\n\
             # TYPE yingzhu_http_request_seconds histogram\n",
        );
        let durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (route, histogram) in &durations {
            histogram.write(route, &mut out);
        }
        let panics = self.panics.load(Ordering::Relaxed);
        let _ = writeln!(
            out,
            "# HELP yingzhu_panics_total Panics caught in handlers.\n# TYPE yingzhu_panics_total counter\n\
             yingzhu_panics_total {panics}\n\
             # HELP yingzhu_build_info The running version.\n# TYPE yingzhu_build_info gauge\n\
             yingzhu_build_info{{version=\"{}\"}} 1",
            env!("CARGO_PKG_VERSION")
        );
        out
    }
}

impl Histogram {
    fn write(&self, route: &str, out: &mut String) {
        const NAME: &str = "yingzhu_http_request_seconds";
        for (count, bound) in self.buckets.iter().zip(BOUNDS_MS) {
            let (seconds, millis) = (bound / 1_000, bound % 1_000);
            let _ = writeln!(out, "{NAME}_bucket{{route=\"{route}\",le=\"{seconds}.{millis:03}\"}} {count}");
        }
        let (seconds, micros) = (self.micros / 1_000_000, self.micros % 1_000_000);
        let _ = writeln!(
            out,
            "{NAME}_bucket{{route=\"{route}\",le=\"+Inf\"}} {count}\n\
             {NAME}_sum{{route=\"{route}\"}} {seconds}.{micros:06}\n{NAME}_count{{route=\"{route}\"}} {count}",
            count = self.count
        );
    }
}

/// A made-up method must not become a new time series.
fn known_method(method: &actix_web::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use super::*;

    #[test]
    fn counts_and_buckets_add_up() {
        let metrics = Metrics::default();
        metrics.answered(&Method::GET, "/v1/x/{id}", 200, Duration::from_millis(7));
        metrics.answered(&Method::GET, "/v1/x/{id}", 200, Duration::from_mins(1));
        metrics.answered(&Method::from_bytes(b"BREW").unwrap(), "-", 404, Duration::ZERO);
        metrics.panicked();
        let text = metrics.text();
        for line in [
            "yingzhu_http_requests_total{method=\"GET\",route=\"/v1/x/{id}\",status=\"200\"} 2",
            "yingzhu_http_requests_total{method=\"other\",route=\"-\",status=\"404\"} 1",
            "yingzhu_http_request_seconds_bucket{route=\"/v1/x/{id}\",le=\"0.005\"} 0",
            "yingzhu_http_request_seconds_bucket{route=\"/v1/x/{id}\",le=\"0.010\"} 1",
            "yingzhu_http_request_seconds_bucket{route=\"/v1/x/{id}\",le=\"30.000\"} 1",
            "yingzhu_http_request_seconds_bucket{route=\"/v1/x/{id}\",le=\"+Inf\"} 2",
            "yingzhu_http_request_seconds_sum{route=\"/v1/x/{id}\"} 60.007000",
            "yingzhu_panics_total 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }
}
