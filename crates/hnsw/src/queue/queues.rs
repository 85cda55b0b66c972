//! The state of one best-first search: what was seen, what waits to be expanded, when to stop.
//!
//! The rule, common to FAISS, hnswlib and their kin: pop the nearest unexpanded row; stop when at
//! least ef of the rows seen so far are strictly nearer. Two forms of the same rule:
//!
//! * [`HeapQueue`] for arbitrary keys: two binary heaps and an epoch mark per row, O(log ef) an
//!   evaluation;
//! * [`BitsetQueue`] for keys that are places in 0..n: one bit per place, O(1) an evaluation,
//!   O(n/64) at worst a pop.
//!
//! Neither allocates once it has grown to its largest search.

use crate::distance::LowerBoundFilter;
use crate::distance::QueryScorer;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A row that a search has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scored {
    /// Its key in the query's view.
    pub key: u32,
    /// Its id.
    pub id: u32,
}

/// Search state over the rows of one graph, reused from query to query.
pub trait CandidateQueue: Default + Send {
    /// Forgets everything; the next search is over `rows` rows with effort `ef`.
    fn reset(&mut self, rows: usize, ef: usize);

    /// Enters a row that was evaluated before the search began.
    fn enter(&mut self, seen: Scored);

    /// Evaluates those of `ids` that were not seen before, in their order, and tells each that is
    /// new. `next` is what will probably be met after them: it may be fetched meanwhile, and
    /// changes no result.
    ///
    /// Unless `all` are wanted, those that are surely no nearer than the ef nearest seen so far
    /// need not be told; how many were not.
    fn meet<V: QueryScorer>(
        &mut self,
        view: V,
        ids: &[u32],
        next: &[u32],
        all: bool,
        told: impl FnMut(Scored),
    ) -> usize;

    /// The nearest unexpanded row, or `None` when the search is over.
    fn pop<V: QueryScorer>(&mut self, view: V) -> Option<Scored>;

    /// The id of the nearest unexpanded row: what the next pop takes, unless a nearer one is met
    /// before.
    fn first(&self) -> Option<u32>;

    /// The ef nearest rows seen, ascending by (key, id).
    fn nearest(&mut self, out: &mut Vec<Scored>);
}

/// Rows evaluated at once, and links of the next row looked at after them. An engine's own
/// arithmetic takes four rows at once too, and may only be asked for a multiple of them before the
/// last.
const AT_ONCE: usize = 4;

/// Two heaps and a mark per row.
#[derive(Debug, Default)]
pub struct HeapQueue {
    ef: usize,
    /// 16 bits, so that the marks of many rows stay in cache; they are cleared once in 65,535
    /// searches.
    epoch: u16,
    marks: Vec<u16>,
    pending: BinaryHeap<Reverse<Packed>>,
    best: BinaryHeap<Packed>,
    /// The ids and keys of the links being met.
    unseen: Vec<u32>,
    sifted: Vec<u32>,
    yields: Yield,
    keys: Vec<u32>,
}

/// Whether sifting pays, by what it has told of the rows met lately: where most of them pass, they
/// are better read at once.
#[derive(Debug, Default)]
struct Yield {
    met: usize,
    passed: usize,
    /// So many searches more go without.
    rests: usize,
}

/// So many rows show whether sifting pays.
const TELLING: usize = 512;
/// Where it does not, so many searches rest.
const RESTS: usize = 64;

impl Yield {
    /// Begins a search.
    fn begin(&mut self) {
        if self.rests > 0 {
            self.rests -= 1;
        } else if self.met >= TELLING {
            if 2 * self.passed > self.met {
                self.rests = RESTS;
            }
            (self.met, self.passed) = (0, 0);
        }
    }

    fn is_worth_it(&self) -> bool {
        self.rests == 0
    }

    fn add(&mut self, met: usize, passed: usize) {
        self.met += met;
        self.passed += passed;
    }
}

/// (key, id) as one integer of the same order: heaps compare it in one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Packed(u64);

impl Packed {
    fn new(seen: Scored) -> Self {
        Self(u64::from(seen.key) << 32 | u64::from(seen.id))
    }

    fn key(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn seen(self) -> Scored {
        Scored {
            key: self.key(),
            id: self.0 as u32,
        }
    }
}

impl HeapQueue {
    fn is_full(&self) -> bool {
        self.best.len() >= self.ef
    }

    /// Meets `ids` where only what passes `sieve` can be held.
    ///
    /// Sketches are asked for a few rows ahead, and with each that of one of the next links: memory
    /// always has work, and never more than it can have in flight.
    #[inline]
    fn meet_sifted<V: QueryScorer>(
        &mut self,
        view: V,
        ids: &[u32],
        next: &[u32],
        sieve: LowerBoundFilter,
        mut told: impl FnMut(Scored),
    ) -> usize {
        self.unseen.clear();
        for &id in ids {
            if std::mem::replace(&mut self.marks[id as usize], self.epoch) != self.epoch {
                self.unseen.push(id);
            }
        }
        let mut next = next
            .iter()
            .filter(|&&id| self.marks[id as usize] != self.epoch);
        self.unseen
            .iter()
            .take(sieve.ahead)
            .for_each(|&id| view.prefetch_for_sieve(id));
        self.sifted.clear();
        for (place, &id) in self.unseen.iter().enumerate() {
            if let Some(&id) = self.unseen.get(place + sieve.ahead) {
                view.prefetch_for_sieve(id);
            }
            if let Some(&id) = next.next() {
                view.prefetch_for_sieve(id);
            }
            if view.passes(id, sieve) {
                view.prefetch(id);
                self.sifted.push(id);
            }
        }
        self.keys.clear();
        view.keys(&self.sifted, &mut self.keys);
        for place in 0..self.sifted.len() {
            let seen = Scored {
                key: self.keys[place],
                id: self.sifted[place],
            };
            self.hold(seen);
            told(seen);
        }
        self.yields.add(self.unseen.len(), self.sifted.len());
        self.unseen.len() - self.sifted.len()
    }

    /// Keeps `seen` unless ef rows are at least as near.
    #[inline]
    fn hold(&mut self, seen: Scored) {
        let packed = Packed::new(seen);
        if !self.is_full() {
            self.best.push(packed);
            self.pending.push(Reverse(packed));
        } else if let Some(mut farthest) = self.best.peek_mut()
            && seen.key < farthest.key()
        {
            *farthest = packed;
            drop(farthest);
            self.pending.push(Reverse(packed));
        }
    }
}

impl CandidateQueue for HeapQueue {
    fn reset(&mut self, rows: usize, ef: usize) {
        self.ef = ef;
        self.yields.begin();
        self.pending.clear();
        self.best.clear();
        self.epoch = self.epoch.wrapping_add(1);
        if self.marks.len() != rows || self.epoch == 0 {
            self.marks.clear();
            self.marks.resize(rows, 0);
            self.epoch = 1;
        }
    }

    fn enter(&mut self, seen: Scored) {
        self.marks[seen.id as usize] = self.epoch;
        self.hold(seen);
    }

    #[inline]
    fn meet<V: QueryScorer>(
        &mut self,
        view: V,
        ids: &[u32],
        next: &[u32],
        all: bool,
        mut told: impl FnMut(Scored),
    ) -> usize {
        let sifts = !all && self.yields.is_worth_it() && self.is_full();
        let farthest = if sifts { self.best.peek() } else { None };
        if let Some(sieve) = farthest.and_then(|farthest| view.sieve(farthest.key())) {
            return self.meet_sifted(view, ids, next, sieve, told);
        }
        self.unseen.clear();
        for &id in ids {
            if std::mem::replace(&mut self.marks[id as usize], self.epoch) != self.epoch {
                view.prefetch(id);
                self.unseen.push(id);
            }
        }
        self.keys.clear();
        // Rows too long to be asked for whole keep the memory busy by themselves.
        let (at_once, next) = if view.prefetches_whole() {
            (AT_ONCE, next)
        } else {
            (usize::MAX, &[][..])
        };
        let mut next = next.chunks(AT_ONCE);
        for some in self.unseen.chunks(at_once) {
            view.keys(some, &mut self.keys);
            for &id in next.next().unwrap_or_default() {
                if self.marks[id as usize] != self.epoch {
                    view.prefetch(id);
                }
            }
        }
        for place in 0..self.unseen.len() {
            let seen = Scored {
                key: self.keys[place],
                id: self.unseen[place],
            };
            self.hold(seen);
            told(seen);
        }
        0
    }

    #[inline]
    fn pop<V: QueryScorer>(&mut self, _view: V) -> Option<Scored> {
        let Reverse(nearest) = self.pending.pop()?;
        let beaten = self.is_full()
            && self
                .best
                .peek()
                .is_some_and(|farthest| nearest.key() > farthest.key());
        (!beaten).then(|| nearest.seen())
    }

    #[inline]
    fn first(&self) -> Option<u32> {
        self.pending
            .peek()
            .map(|Reverse(nearest)| nearest.seen().id)
    }

    fn nearest(&mut self, out: &mut Vec<Scored>) {
        out.clear();
        out.extend(self.best.drain().map(Packed::seen));
        out.sort_unstable();
    }
}

/// One bit per place for what was seen, one for what is pending.
#[derive(Debug, Default)]
pub struct BitsetQueue {
    ef: usize,
    count: usize,
    seen: Places,
    pending: Places,
    id_at: Vec<u32>,
}

impl CandidateQueue for BitsetQueue {
    fn reset(&mut self, rows: usize, ef: usize) {
        self.ef = ef;
        self.count = 0;
        self.seen.reset(rows);
        self.pending.reset(rows);
        self.id_at.resize(rows, 0);
    }

    fn enter(&mut self, seen: Scored) {
        if self.seen.insert(seen.key) {
            self.pending.insert(seen.key);
            self.id_at[seen.key as usize] = seen.id;
            self.count += 1;
        }
    }

    #[inline]
    fn meet<V: QueryScorer>(
        &mut self,
        view: V,
        ids: &[u32],
        _: &[u32],
        _all: bool,
        mut told: impl FnMut(Scored),
    ) -> usize {
        ids.iter().for_each(|&id| view.prefetch(id));
        for &id in ids {
            let place = view.key(id);
            if self.seen.insert(place) {
                self.pending.insert(place);
                self.id_at[place as usize] = id;
                self.count += 1;
                told(Scored { key: place, id });
            }
        }
        0
    }

    fn pop<V: QueryScorer>(&mut self, view: V) -> Option<Scored> {
        let place = self.pending.first()?;
        self.pending.remove(place);
        // No more rows are nearer than places before it, and mostly those are too few: then nothing
        // need be counted.
        let may_be_over = self.count > self.ef && place as usize >= self.ef;
        if may_be_over && self.seen.below(view.first_of_tie(place)) >= self.ef {
            return None;
        }
        Some(Scored {
            key: place,
            id: self.id_at[place as usize],
        })
    }

    #[inline]
    fn first(&self) -> Option<u32> {
        self.pending.first().map(|place| self.id_at[place as usize])
    }

    fn nearest(&mut self, out: &mut Vec<Scored>) {
        out.clear();
        out.extend(self.seen.iter().take(self.ef).map(|place| Scored {
            key: place,
            id: self.id_at[place as usize],
        }));
    }
}

/// A set of places in 0..n with its first member and its count below any place.
#[derive(Debug, Default)]
pub(crate) struct Places {
    words: Vec<u64>,
    /// Members per block of BLOCK words.
    blocks: Vec<u16>,
}

/// Words per counted block: 1,024 places.
const BLOCK: usize = 16;

impl Places {
    pub(crate) fn reset(&mut self, places: usize) {
        let words = places.div_ceil(64 * BLOCK) * BLOCK;
        self.words.clear();
        self.words.resize(words, 0);
        self.blocks.clear();
        self.blocks.resize(words / BLOCK, 0);
    }

    /// Adds `place`; says whether it is new.
    #[inline]
    pub(crate) fn insert(&mut self, place: u32) -> bool {
        let (word, bit) = (place as usize / 64, 1u64 << (place % 64));
        if self.words[word] & bit != 0 {
            return false;
        }
        self.words[word] |= bit;
        self.blocks[word / BLOCK] += 1;
        true
    }

    #[inline]
    fn remove(&mut self, place: u32) {
        let word = place as usize / 64;
        self.words[word] &= !(1 << (place % 64));
        self.blocks[word / BLOCK] -= 1;
    }

    /// The smallest member.
    #[inline]
    fn first(&self) -> Option<u32> {
        let block = self.blocks.iter().position(|&members| members > 0)?;
        let words = &self.words[block * BLOCK..(block + 1) * BLOCK];
        let (index, word) = words.iter().enumerate().find(|(_, word)| **word != 0)?;
        Some((64 * (block * BLOCK + index)) as u32 + word.trailing_zeros())
    }

    /// Number of members below `place`.
    #[inline]
    pub(crate) fn below(&self, place: u32) -> usize {
        let word = place as usize / 64;
        let block = word / BLOCK;
        let whole: u32 = self.blocks[..block]
            .iter()
            .map(|&members| u32::from(members))
            .sum();
        let words: u32 = self.words[block * BLOCK..word]
            .iter()
            .map(|word| word.count_ones())
            .sum();
        let rest = (self.words[word] & ((1u64 << (place % 64)) - 1)).count_ones();
        (whole + words + rest) as usize
    }

    /// All members, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            std::iter::successors((word != 0).then_some(word), |rest| {
                let rest = rest & (rest - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |rest| (64 * index) as u32 + rest.trailing_zeros())
        })
    }
}
