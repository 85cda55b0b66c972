//! FAISS and usearch indexes of codes, cells, transforms and rerank: an error, or a method that answers.
#![no_main]

mod allocator;

use annatomy_hnsw::Visits;
use annatomy_methods::{Method, QueryScratch, Searcher, Wanted};
use libfuzzer_sys::fuzz_target;

/// Columns of a query: a file of some bytes may claim two billion, and a caller brings them.
const MOST_COLUMNS: usize = 1 << 12;

fuzz_target!(|bytes: &[u8]| {
    let Ok(method) = Method::from_bytes(bytes) else { return };
    if method.columns > MOST_COLUMNS {
        return;
    }
    let _ = (method.decoded(), method.original_rows());
    let Ok(searcher) = Searcher::new(&method, None) else { return };
    let query = vec![0.5; method.columns];
    let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
    for effort in [1, method.largest_effort().min(64)] {
        searcher.record(&query, effort, &mut scratch, &mut visits);
        assert!(searcher.answer(&query, &visits, effort, 5, &mut scratch).count() <= 5);
    }
    searcher.record_all(&query, Wanted::ALL, &mut scratch, &mut visits);
    let wanted = Wanted { candidates: 3, rows: &[0] };
    searcher.record_wanted(&query, 2, wanted, &mut scratch, &mut visits);
});
