//! What preparing needs to know of a request: the arithmetic, the sample, and whether graphs are
//! looked at.

use super::error::AuditError;
use annatomy_hnsw::import::Arithmetic;
use annatomy_hnsw::{EngineClass, FilterRule, Preset};
use annatomy_vectors::subset::numpy_choice;

/// Up to here every query is measured unless a sample is asked for.
const ALL_ROWS: usize = 10_000;
/// Queries drawn beyond.
const DEFAULT_SAMPLE: usize = 2_000;

/// What preparing needs to know of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices {
    /// That of a saved index; by default its engine's on this machine.
    pub(super) arithmetic: Option<Arithmetic>,
    pub(super) sampling: Sampling,
    /// Whether graphs are looked at, and not answers alone.
    pub(super) graphs: bool,
    /// Whether some rows alone are allowed, whose exact neighbors are found in memory.
    pub(super) filtered: bool,
    /// How the engine searches under a filter.
    pub(super) filter_rule: Option<FilterRule>,
    /// Whose rules graphs are built by.
    pub(super) preset: Preset,
}

impl Choices {
    /// The filter rule asked for, or that of the engine that searches: of `class`, or as graphs are
    /// built here.
    pub(super) fn rule(&self, class: Option<EngineClass>) -> FilterRule {
        let class = class.unwrap_or_else(|| self.preset.engine_class());
        self.filter_rule.unwrap_or_else(|| FilterRule::of(class))
    }
}

/// Which of the queries are measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampling {
    /// How many; by default all up to 10,000, and 2,000 beyond.
    pub(super) asked: Option<usize>,
    pub(super) seed: u64,
    /// Whether all are measured where fewer than asked for are there.
    pub(super) at_most: bool,
    /// Whether the default is all of them, since tables are to be written of every query.
    pub(super) every_query: bool,
}

impl Sampling {
    /// How many of `population` queries are measured.
    pub(super) fn size(&self, population: usize) -> Result<usize, AuditError> {
        let default = if population > ALL_ROWS && !self.every_query {
            DEFAULT_SAMPLE
        } else {
            population
        };
        let mut sample = self.asked.unwrap_or(default);
        if self.at_most {
            sample = sample.min(population);
        }
        if sample > population || sample == 0 {
            return Err(AuditError::Sample {
                sample,
                queries: population,
            });
        }
        Ok(sample)
    }

    /// The queries measured out of `population`: all, or a seeded sample in ascending order.
    pub(super) fn draw(&self, population: usize) -> Result<Vec<usize>, AuditError> {
        let sample = self.size(population)?;
        if sample == population {
            return Ok((0..population).collect());
        }
        let mut numbers = numpy_choice(self.seed, population, sample)?;
        numbers.sort_unstable();
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLING: Sampling = Sampling {
        asked: None,
        seed: 42,
        at_most: false,
        every_query: false,
    };

    #[test]
    fn all_queries_up_to_ten_thousand_and_two_thousand_beyond() {
        let size = |sampling: Sampling, population| sampling.size(population).expect("a sample");
        assert_eq!(size(SAMPLING, 1), 1);
        assert_eq!(size(SAMPLING, 10_000), 10_000);
        assert_eq!(size(SAMPLING, 10_001), 2_000);
        let every_query = true;
        let whole = Sampling {
            every_query,
            ..SAMPLING
        };
        assert_eq!(size(whole, 10_001), 10_001, "tables hold every query");
        let asked = Some(300);
        assert_eq!(size(Sampling { asked, ..whole }, 10_001), 300);
        let at_most = Sampling {
            asked,
            at_most: true,
            ..SAMPLING
        };
        assert_eq!((size(at_most, 200), size(at_most, 400)), (200, 300));
    }

    #[test]
    fn samples_that_cannot_be_drawn_are_refused_with_their_numbers() {
        for (asked, population) in [(0, 5), (6, 5)] {
            let sampling = Sampling {
                asked: Some(asked),
                ..SAMPLING
            };
            let error = sampling.draw(population).expect_err("refused").to_string();
            let words = format!("a sample of {asked} queries cannot be drawn from {population}");
            assert_eq!(error, words);
        }
        assert!(SAMPLING.draw(0).is_err(), "no queries, no sample");
    }

    #[test]
    fn draws_are_distinct_ascending_and_of_the_seed() {
        let asked = Some(40);
        let draw = |seed| {
            Sampling {
                asked,
                seed,
                ..SAMPLING
            }
            .draw(100)
            .expect("a sample")
        };
        let numbers = draw(7);
        assert_eq!(numbers.len(), 40);
        assert!(numbers.is_sorted_by(|a, b| a < b) && numbers[39] < 100);
        assert_eq!(numbers, draw(7));
        assert_ne!(numbers, draw(8));
        assert_eq!(SAMPLING.draw(3).expect("all"), [0, 1, 2]);
    }

    #[test]
    fn a_filter_works_as_the_engine_that_searches_works() {
        let mut choices = crate::AuditRequest::default().check(None).expect("checked");
        let rule = |choices: &Choices, class| choices.rule(class).to_string();
        // FAISS counts every row, hnswlib allowed ones, pgvector filters afterwards.
        assert_eq!(
            rule(&choices, None),
            "count-all",
            "graphs as FAISS builds them"
        );
        assert_eq!(rule(&choices, Some(EngineClass::Raise)), "count-allowed");
        assert_eq!(rule(&choices, Some(EngineClass::RowCap)), "after-search");
        choices.preset = Preset::Hnswlib;
        assert_eq!(rule(&choices, None), "count-allowed");
        assert_eq!(rule(&choices, Some(EngineClass::StopEarly)), "count-all");
        choices.filter_rule = Some(FilterRule::AfterSearch);
        assert_eq!(rule(&choices, Some(EngineClass::Raise)), "after-search");
    }
}
