//! FAISS, hnswlib and usearch files: an error, or a graph that can be searched.
#![no_main]

mod allocator;

use annatomy_hnsw::import::{EngineBuild, EngineDistances, SavedIndex};
use annatomy_hnsw::{HeapQueue, Traversal, Visits};
use annatomy_vectors::Metric;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(index) = SavedIndex::from_bytes(bytes) else { return };
    let build = EngineBuild::on_this_machine(index.engine);
    let oracle = EngineDistances::new(index.vectors.view(), index.metric.unwrap_or(Metric::L2), build);
    let query = vec![0.5; index.vectors.columns()];
    let mut traversal = Traversal::<HeapQueue>::default();
    traversal.record(&index.graph, oracle.scorer_for(&query), 16, &mut Visits::default());
});
