//! Batched inference over threads.
//!
//! Input: a source and an embedder. Output: names and embeddings, in the source's order. Cost: the
//! network's; a batch in memory, and the pixels of the pictures that are being decoded, which share
//! [`DecodingMemory`].
//!
//! Each thread takes the next group from a shared queue: as many pictures as the network
//! takes at once. These are plain threads: a worker of a rayon pool that waits for another pool
//! steals other work meanwhile, and so would re-enter its own buffers.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::embedder::{EmbedError, Embedder, Scratch};
use crate::pixels::{DecodingMemory, decode_sharing};
use crate::source::{Content, Item, ItemError, Source, SourceError};

/// Groups per thread and batch: enough that the wait for the last one of a batch does not matter.
const GROUPS_PER_THREAD: usize = 16;
/// Encoded bytes after which a batch is full.
const BATCH_BYTES: usize = 64 << 20;

/// A picture's name, and its row or why there is none.
pub(crate) type Embedded = (String, Result<Vec<f32>, ItemError>);

/// Why there is no batch.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BatchError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("starting threads: {0}")]
    Threads(#[from] io::Error),
}

/// Buffers of all threads.
pub(crate) struct Batches<'e> {
    embedder: &'e Embedder,
    scratches: Vec<Scratch>,
    memory: DecodingMemory,
}

impl<'e> Batches<'e> {
    /// With [`annatomy_runtime::thread_count`] of `threads` threads.
    pub(crate) fn new(embedder: &'e Embedder, threads: usize) -> Self {
        let threads = annatomy_runtime::thread_count(threads);
        Self {
            embedder,
            scratches: (0..threads).map(|_| Scratch::default()).collect(),
            memory: DecodingMemory::new(),
        }
    }

    /// The next pictures of the source; empty at its end.
    pub(crate) fn next(&mut self, source: &mut Source) -> Result<Vec<Embedded>, BatchError> {
        let group = self.embedder.group();
        let most = self.scratches.len() * GROUPS_PER_THREAD * group;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < most && bytes < BATCH_BYTES {
            let Some(item) = source.next()? else { break };
            bytes += item.bytes();
            batch.push(item);
        }
        Ok(self.embed(batch, group)?)
    }

    fn embed(&mut self, batch: Vec<Item>, group: usize) -> io::Result<Vec<Embedded>> {
        let (embedder, memory) = (self.embedder, &self.memory);
        // Of few pictures every thread has some.
        let group = group.min(
            embedder
                .least_group()
                .max(batch.len().div_ceil(self.scratches.len())),
        );
        let groups = batch.len().div_ceil(group);
        let mut items = batch.into_iter();
        let queue = Mutex::new(
            (0..groups).map(|place| (place, items.by_ref().take(group).collect::<Vec<_>>())),
        );
        let take = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let mut done = thread::scope(|scope| {
            let work = |scratch: &mut Scratch| {
                std::iter::from_fn(take)
                    .map(|(place, items)| (place, embed_group(embedder, memory, scratch, items)))
                    .collect::<Vec<_>>()
            };
            let spawn = |scratch| thread::Builder::new().spawn_scoped(scope, move || work(scratch));
            let workers = self
                .scratches
                .iter_mut()
                .take(groups)
                .map(spawn)
                .collect::<io::Result<Vec<_>>>()?;
            let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
            let joined = joined
                .flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            io::Result::Ok(joined.collect::<Vec<_>>())
        })?;
        done.sort_unstable_by_key(|(place, _)| *place);
        Ok(done.into_iter().flat_map(|(_, group)| group).collect())
    }
}

/// Decodes and crops each picture, and puts the crops through the network together.
fn embed_group(
    embedder: &Embedder,
    memory: &DecodingMemory,
    scratch: &mut Scratch,
    items: Vec<Item>,
) -> Vec<Embedded> {
    let mut crops = Vec::with_capacity(items.len());
    let mut outcomes = Vec::with_capacity(items.len());
    for Item { name, content } in items {
        let cropped = content.and_then(|content| crop(embedder, memory, content));
        outcomes.push((name, cropped.map(|crop| crops.push(crop))));
    }
    let mut rows = embedder.embed_each(scratch, &crops).into_iter();
    let mut embedded = Vec::with_capacity(outcomes.len());
    for (name, cropped) in outcomes {
        let row = cropped.and_then(|()| Ok(rows.next().unwrap_or(Err(EmbedError::NoRow))?));
        embedded.push((name, row));
    }
    embedded
}

/// The picture is dropped here: of a large one, only the crop waits for the network.
fn crop(
    embedder: &Embedder,
    memory: &DecodingMemory,
    content: Content,
) -> Result<Vec<u8>, ItemError> {
    let (picture, taken) = match content {
        Content::Encoded(bytes) => decode_sharing(&bytes, embedder.decoding(), memory)?,
        Content::Picture(picture) => (picture, None),
    };
    let crop = embedder.preparation().crop(&picture);
    drop((picture, taken));
    Ok(crop)
}
