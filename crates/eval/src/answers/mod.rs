//! Tables of answers as any engine returns them: slots by place, and the returned list at each k.
//!
//! **A slot is a place.** An answer is judged at k over its first k slots. A sentinel, a repeat of
//! an id earlier in the row and an id outside the base each keep their slot, which is then empty.
//! Only the query's own id is taken out before counting.

mod ranked;
mod slots;

pub use ranked::{AnswerPrefix, RankedAnswer};
pub use slots::AnswerSlots;
