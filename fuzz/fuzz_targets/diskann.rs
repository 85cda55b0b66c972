//! DiskANN's files in memory: an error, or a method that answers.
//!
//! Flags · bytes of the graph and of the rows (32 bits each) · the graph · the rows · the metadata. Flag 1: the graph says
//! its true length, behind which nothing else would be reached. Flag 2: there is no metadata.
#![no_main]

mod allocator;

use annatomy_hnsw::Visits;
use annatomy_methods::{DiskAnnFiles, Method, QueryScratch, Searcher, Wanted};
use annatomy_vectors::Metric;
use libfuzzer_sys::fuzz_target;

const MOST_COLUMNS: usize = 1 << 12;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[flags, a, b, c, d, e, f, g, h], rest)) = bytes.split_first_chunk() else { return };
    let length = |bytes| u32::from_le_bytes(bytes) as usize;
    let (graph, rest) = rest.split_at(length([a, b, c, d]).min(rest.len()));
    let (data, metadata) = rest.split_at(length([e, f, g, h]).min(rest.len()));
    let mut graph = graph.to_vec();
    if flags & 1 == 1 && graph.len() >= 8 {
        let length = (graph.len() as u64).to_le_bytes();
        graph[..8].copy_from_slice(&length);
    }
    let metadata = (flags & 2 == 0).then(|| metadata.to_vec());
    let metric = [None, Some(Metric::L2), Some(Metric::InnerProduct), Some(Metric::Cosine)][usize::from(flags >> 2 & 3)];
    let files = DiskAnnFiles { graph, data: data.to_vec(), metadata };
    let Ok(method) = Method::of_diskann(files, metric) else { return };
    if method.columns > MOST_COLUMNS {
        return;
    }
    let _ = (method.decoded(), method.original_rows());
    let Ok(searcher) = Searcher::new(&method, None) else { return };
    let query = vec![0.5; method.columns];
    let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
    let largest = method.largest_effort().min(64);
    searcher.record(&query, largest, &mut scratch, &mut visits);
    for effort in [1, largest] {
        assert!(searcher.answer(&query, &visits, effort, effort.min(5), &mut scratch).count() <= 5);
    }
    searcher.record_all(&query, Wanted::ALL, &mut scratch, &mut visits);
});
