//! Which source of variation a spread comes from: variance components of a balanced design.
//!
//! Enters: one value per combination of the factors' levels, such as subset × graph seed × insertion
//! order × query, each factor crossed with the others or nested in one. Leaves: a variance for every
//! effect that the design can tell apart: each factor, and each interaction. The interaction of all
//! holds what is left over.
//!
//! Mean squares are set equal to their expectations (analysis of variance; Searle, Casella &
//! McCulloch 1992, section 4.4): E[MS_U] = Σ_{W ⊇ U} σ²_W Π_{f ∉ W} n_f, all factors random. Solved
//! from the largest effect down. Unbiased, and so below 0 now and then where a variance is small.
//!
//! Cost O(2^f · values). Does not: designs with values missing, or test whether a component is 0.

use serde::{Deserialize, Serialize};

/// Most factors of a design.
const MOST_FACTORS: usize = 6;

/// A factor of a design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// How many levels it has, within each level of the factor it is nested in.
    pub levels: usize,
    /// The factor (by its place) whose levels each have levels of this factor of their own, as
    /// queries are nested in the subset they are drawn from; `None` where it is crossed with all.
    pub nested_in: Option<usize>,
}

/// The variance of one effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// The places of its factors: one for the factor itself (and those that it is nested in), several
    /// for an interaction.
    pub factors: Vec<usize>,
    /// Its estimate; below 0 where the spread is less than chance alone gives.
    pub variance: f64,
    /// Its share of the sum of all that are above 0.
    pub share: f64,
}

/// A design that has no variance components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DesignError {
    /// Too few or too many factors.
    #[error("{0} factors: expected 1 to {MOST_FACTORS}")]
    Factors(usize),
    /// A factor with one level has no spread.
    #[error("factor {factor} has {levels} levels: expected at least 2")]
    Levels {
        /// The factor's place.
        factor: usize,
        /// Its levels.
        levels: usize,
    },
    /// A factor nested in itself or in one that comes after it.
    #[error("factor {0} is nested in one that does not come before it")]
    Nesting(usize),
    /// Not one value per combination.
    #[error("{found} values for {expected} combinations of levels")]
    Values {
        /// Values given.
        found: usize,
        /// Combinations there are.
        expected: usize,
    },
}

/// The variance components of `values`, the last factor's level changing fastest.
pub fn variance_components(
    values: &[f64],
    factors: &[Factor],
) -> Result<Vec<Component>, DesignError> {
    check(values, factors)?;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let centered: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let design = Design { factors };
    let sets = 1_usize << factors.len();
    let uncorrected: Vec<f64> = (0..sets)
        .map(|set| design.sum_of_squares(&centered, set))
        .collect();
    // Sums of squares of the crossed design, pooled by the effect that each belongs to.
    let (mut sums, mut degrees) = (vec![0.0; sets], vec![0.0; sets]);
    for set in 1..sets {
        let effect = design.closed(set);
        sums[effect] += subsets(set)
            .map(|part| sign(set ^ part) * uncorrected[part])
            .sum::<f64>();
        degrees[effect] += members(set, factors.len())
            .map(|factor| (factors[factor].levels - 1) as f64)
            .product::<f64>();
    }
    let mut effects: Vec<usize> = (1..sets).filter(|&set| design.closed(set) == set).collect();
    effects.sort_by_key(|set| (set.count_ones(), *set));
    let mut variances = vec![0.0; sets];
    for &effect in effects.iter().rev() {
        let larger = effects
            .iter()
            .filter(|&&other| other != effect && other & effect == effect);
        let above: f64 = larger
            .map(|&other| design.repeats(other) * variances[other])
            .sum();
        let mean_square = sums[effect] / degrees[effect];
        variances[effect] = (mean_square - above) / design.repeats(effect);
    }
    let total: f64 = effects
        .iter()
        .map(|&effect| variances[effect].max(0.0))
        .sum();
    let component = |&effect: &usize| Component {
        factors: members(effect, factors.len()).collect(),
        variance: variances[effect],
        share: if total > 0.0 {
            variances[effect].max(0.0) / total
        } else {
            0.0
        },
    };
    Ok(effects.iter().map(component).collect())
}

fn check(values: &[f64], factors: &[Factor]) -> Result<(), DesignError> {
    if !(1..=MOST_FACTORS).contains(&factors.len()) {
        return Err(DesignError::Factors(factors.len()));
    }
    for (place, factor) in factors.iter().enumerate() {
        if factor.levels < 2 {
            let levels = factor.levels;
            return Err(DesignError::Levels {
                factor: place,
                levels,
            });
        }
        if factor.nested_in.is_some_and(|outer| outer >= place) {
            return Err(DesignError::Nesting(place));
        }
    }
    let expected = factors.iter().map(|factor| factor.levels).product();
    let found = values.len();
    if found == expected {
        Ok(())
    } else {
        Err(DesignError::Values { found, expected })
    }
}

struct Design<'d> {
    factors: &'d [Factor],
}

impl Design<'_> {
    /// Σ over the combinations of the levels in `set` of their count times the squared mean.
    fn sum_of_squares(&self, values: &[f64], set: usize) -> f64 {
        let mut strides = vec![0; self.factors.len()];
        let mut cells = 1;
        for factor in members(set, self.factors.len()) {
            strides[factor] = cells;
            cells *= self.factors[factor].levels;
        }
        let mut sums = vec![0.0; cells];
        let mut levels = vec![0; self.factors.len()];
        for value in values {
            let cell: usize = levels
                .iter()
                .zip(&strides)
                .map(|(level, stride)| level * stride)
                .sum();
            sums[cell] += value;
            for (level, factor) in levels.iter_mut().zip(self.factors).rev() {
                *level += 1;
                if *level < factor.levels {
                    break;
                }
                *level = 0;
            }
        }
        let count = (values.len() / cells) as f64;
        sums.iter().map(|sum| sum * sum / count).sum()
    }

    /// The effect that a set of factors belongs to: with each factor those that it is nested in.
    fn closed(&self, set: usize) -> usize {
        let mut closed = set;
        for factor in (0..self.factors.len()).rev() {
            if let (true, Some(outer)) = (closed >> factor & 1 == 1, self.factors[factor].nested_in)
            {
                closed |= 1 << outer;
            }
        }
        closed
    }

    /// Values at one level of an effect.
    fn repeats(&self, effect: usize) -> f64 {
        let others = (0..self.factors.len()).filter(|factor| effect >> factor & 1 == 0);
        others
            .map(|factor| self.factors[factor].levels as f64)
            .product()
    }
}

fn members(set: usize, factors: usize) -> impl Iterator<Item = usize> {
    (0..factors).filter(move |factor| set >> factor & 1 == 1)
}

/// All subsets of a set, itself and the empty one among them.
fn subsets(set: usize) -> impl Iterator<Item = usize> {
    (0..=set).filter(move |part| part & set == *part)
}

fn sign(set: usize) -> f64 {
    if set.count_ones().is_multiple_of(2) {
        1.0
    } else {
        -1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossed(levels: usize) -> Factor {
        Factor {
            levels,
            nested_in: None,
        }
    }

    #[test]
    fn two_crossed_factors_by_hand() {
        // Rows 1 2 3 / 4 6 8: row means 2, 6; column means 2.5, 4, 5.5. SS: rows 24, columns 9, rest 1.
        let found = variance_components(&[1.0, 2.0, 3.0, 4.0, 6.0, 8.0], &[crossed(2), crossed(3)])
            .expect("a design");
        let variances: Vec<f64> = found.iter().map(|component| component.variance).collect();
        // MS 24, 4.5, .5: (24 − .5)/3, (4.5 − .5)/2, .5.
        for (found, expected) in variances.iter().zip([23.5 / 3.0, 2.0, 0.5]) {
            assert!((found - expected).abs() < 1e-12, "{variances:?}");
        }
        assert_eq!(found[2].factors, [0, 1]);
        let shares: f64 = found.iter().map(|component| component.share).sum();
        assert!((shares - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_nested_factor_by_hand() {
        // Groups 1 3 / 5 9: means 2, 7. Between: SS 25, df 1; within: 2 + 8, df 2.
        let nested = Factor {
            levels: 2,
            nested_in: Some(0),
        };
        let found = variance_components(&[1.0, 3.0, 5.0, 9.0], &[crossed(2), nested]);
        let found = found.expect("a design");
        assert_eq!(
            found.len(),
            2,
            "no interaction of a factor with what it is nested in"
        );
        assert!((found[1].variance - 5.0).abs() < 1e-12 && found[1].factors == [0, 1]);
        assert!((found[0].variance - (25.0 - 5.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn designs_that_make_no_sense_are_refused() {
        let error = variance_components(&[1.0; 5], &[crossed(2), crossed(3)]);
        assert_eq!(
            error,
            Err(DesignError::Values {
                found: 5,
                expected: 6
            })
        );
        let error = variance_components(&[1.0; 2], &[crossed(2), crossed(1)]);
        assert_eq!(
            error,
            Err(DesignError::Levels {
                factor: 1,
                levels: 1
            })
        );
        let inward = Factor {
            levels: 2,
            nested_in: Some(0),
        };
        assert_eq!(
            variance_components(&[1.0; 2], &[inward]),
            Err(DesignError::Nesting(0))
        );
        assert_eq!(variance_components(&[], &[]), Err(DesignError::Factors(0)));
    }
}
