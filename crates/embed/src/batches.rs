//! Pictures of a source, a batch at a time, each on a thread of its own.
//!
//! Enters: a source and an embedder. Leaves: names and embeddings, in the source's order. Cost: the network's; a batch in memory.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::embedder::{Embedder, Scratch};
use crate::pixels::decode;
use crate::source::{Content, Item, ItemError, Source, SourceError};

/// Pictures per thread and batch: enough that the wait for the last one of a batch does not matter.
const BATCH_PER_THREAD: usize = 16;
/// Encoded bytes after which a batch is full.
const BATCH_BYTES: usize = 64 << 20;

/// A picture's name and what became of it.
pub(crate) type Embedded = (String, Result<Vec<f32>, ItemError>);

/// Threads and their buffers.
pub(crate) struct Batches<'e> {
    embedder: &'e Embedder,
    pool: ThreadPool,
    scratches: Vec<Mutex<Scratch>>,
}

impl<'e> Batches<'e> {
    /// With that many threads; 0 is one per core.
    pub(crate) fn new(embedder: &'e Embedder, threads: usize) -> Result<Self, ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
        let scratches = (0..pool.current_num_threads()).map(|_| Mutex::default()).collect();
        Ok(Self { embedder, pool, scratches })
    }

    /// The next pictures of the source; empty at its end.
    pub(crate) fn next(&self, source: &mut Source) -> Result<Vec<Embedded>, SourceError> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < self.scratches.len() * BATCH_PER_THREAD && bytes < BATCH_BYTES {
            let Some(item) = source.next()? else { break };
            bytes += item.bytes();
            batch.push(item);
        }
        let all = batch.into_par_iter().with_max_len(1);
        Ok(self.pool.install(|| all.map(|item| self.embed(item)).collect()))
    }

    fn embed(&self, Item { name, content }: Item) -> Embedded {
        let picture = content.and_then(|content| match content {
            Content::Encoded(bytes) => decode(&bytes, self.embedder.orientation()).map_err(ItemError::from),
            Content::Picture(picture) => Ok(picture),
        });
        let embedding = picture.map(|picture| {
            // Each thread has its own, so nobody ever waits; one that panicked left nothing that the next picture reads.
            let scratch = &self.scratches[rayon::current_thread_index().unwrap_or(0)];
            self.embedder.embed_in(&mut scratch.lock().unwrap_or_else(PoisonError::into_inner), &picture)
        });
        (name, embedding)
    }
}
