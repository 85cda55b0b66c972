//! The law y = a + b·log₂ x, fitted by least squares, and its forecast beyond the data.
//!
//! Enters: (x, y), several y at an x where it was measured several times. Leaves: [`LogLaw`]. The means at each
//! x have the same weight. What lies off the line (`misfit`, with two degrees of freedom less than there are x)
//! and what differs between measurements at one x are kept apart: the first is of the law, the second of a
//! measurement, and a forecast is of one measurement.
//!
//! A forecast far beyond the data rests on the form of the law more than on its fit. So its interval is
//! Student's prediction interval around the line, *widened to hold the parabola through the same means*: where
//! they disagree, the data do not say which form holds. Cost O(n).

use super::over_runs::t_quantile;
use serde::{Deserialize, Serialize};

/// Fewer x leave nothing to say how far off the law is.
pub const LEAST_SIZES: usize = 4;

/// y = a + b·log₂ x.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLaw {
    /// a.
    pub intercept: f64,
    /// b: what a doubling adds.
    pub per_doubling: f64,
    /// The 95 % interval of b.
    pub per_doubling_low: f64,
    /// Its upper end.
    pub per_doubling_high: f64,
    /// How far means lie off the line: their root mean square, less two degrees of freedom.
    pub misfit: f64,
    /// How far measurements at one x lie apart: their standard deviation; 0 where each x has one.
    pub spread: f64,
    /// Coefficients of the parabola in log₂ x, the constant first.
    pub parabola: [f64; 3],
    /// Number of x.
    pub sizes: usize,
    mean_x: f64,
    sum_of_squares_x: f64,
}

/// What the law says of an x.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The x.
    pub x: f64,
    /// On the line.
    pub point: f64,
    /// Lower end of the interval of one measurement.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl LogLaw {
    /// The law of `points`, (x, y) with x above 0; `None` for fewer than [`LEAST_SIZES`] different x, or
    /// values that are not finite.
    pub fn fit(points: &[(f64, f64)]) -> Option<Self> {
        let finite = |&(x, y): &(f64, f64)| x > 0.0 && x.is_finite() && y.is_finite();
        if !points.iter().all(finite) {
            return None;
        }
        let (means, spread) = means(points);
        let sizes = means.len();
        if sizes < LEAST_SIZES {
            return None;
        }
        let mean_x = means.iter().map(|(x, _)| x).sum::<f64>() / sizes as f64;
        let mean_y = means.iter().map(|(_, y)| y).sum::<f64>() / sizes as f64;
        let sum_of_squares_x: f64 = means.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        let products: f64 = means.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let per_doubling = products / sum_of_squares_x;
        let intercept = mean_y - per_doubling * mean_x;
        let off = |(x, y): &(f64, f64)| (y - intercept - per_doubling * x).powi(2);
        let misfit = (means.iter().map(off).sum::<f64>() / (sizes - 2) as f64).sqrt();
        let half = t_quantile(sizes - 2)? * misfit / sum_of_squares_x.sqrt();
        Some(Self {
            intercept,
            per_doubling,
            per_doubling_low: per_doubling - half,
            per_doubling_high: per_doubling + half,
            misfit,
            spread,
            parabola: parabola(&means, mean_x),
            sizes,
            mean_x,
            sum_of_squares_x,
        })
    }

    /// One measurement at `x`.
    pub fn forecast(&self, x: f64) -> Forecast {
        let at = x.log2();
        let point = self.intercept + self.per_doubling * at;
        let of_line = (at - self.mean_x).powi(2) / self.sum_of_squares_x + 1.0 / self.sizes as f64;
        let variance = self.misfit.powi(2) * (of_line + 1.0) + self.spread.powi(2);
        let half = t_quantile(self.sizes - 2).map_or(f64::INFINITY, |t| t * variance.sqrt());
        let [constant, linear, square] = self.parabola;
        let curved = constant + linear * at + square * at * at;
        Forecast {
            x,
            point,
            low: (point - half).min(curved),
            high: (point + half).max(curved),
        }
    }
}

/// The mean at each log₂ x, ascending, and the pooled standard deviation around them.
fn means(points: &[(f64, f64)]) -> (Vec<(f64, f64)>, f64) {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (mut squares, mut freedom) = (0.0, 0);
    let mut means = Vec::new();
    for at in sorted.chunk_by(|a, b| a.0 == b.0) {
        let mean = at.iter().map(|(_, y)| y).sum::<f64>() / at.len() as f64;
        squares += at.iter().map(|(_, y)| (y - mean).powi(2)).sum::<f64>();
        freedom += at.len() - 1;
        means.push((at[0].0.log2(), mean));
    }
    let spread = if freedom == 0 {
        0.0
    } else {
        (squares / freedom as f64).sqrt()
    };
    (means, spread)
}

/// Least squares of a parabola, by polynomials that are orthogonal over these x.
fn parabola(means: &[(f64, f64)], mean_x: f64) -> [f64; 3] {
    let n = means.len() as f64;
    let centered = || means.iter().map(|&(x, y)| (x - mean_x, y));
    let second: f64 = centered().map(|(x, _)| x * x).sum();
    let third: f64 = centered().map(|(x, _)| x.powi(3)).sum();
    // p₂(x) = x² − c₁ x − c₀ is orthogonal to 1 and x.
    let (c1, c0) = (third / second, second / n);
    let p2 = |x: f64| x * x - c1 * x - c0;
    let constant = centered().map(|(_, y)| y).sum::<f64>() / n;
    let linear = centered().map(|(x, y)| x * y).sum::<f64>() / second;
    let norm: f64 = centered().map(|(x, _)| p2(x).powi(2)).sum();
    let square = if norm > 0.0 {
        centered().map(|(x, y)| p2(x) * y).sum::<f64>() / norm
    } else {
        0.0
    };
    // Back from x − mean to x.
    let (a0, a1) = (constant - square * c0, linear - square * c1);
    [
        a0 - a1 * mean_x + square * mean_x * mean_x,
        a1 - 2.0 * square * mean_x,
        square,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [f64; 5] = [1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0];

    #[test]
    fn a_line_is_found_and_forecast_without_width() {
        let points = SIZES.map(|x| (x, 5.0 + 3.0 * x.log2()));
        let law = LogLaw::fit(&points).expect("five sizes");
        assert!((law.per_doubling - 3.0).abs() < 1e-9 && (law.intercept - 5.0).abs() < 1e-9);
        assert!(law.misfit < 1e-9 && law.spread == 0.0);
        let forecast = law.forecast(128_000.0);
        let right = 5.0 + 3.0 * 128_000_f64.log2();
        assert!((forecast.point - right).abs() < 1e-9 && forecast.high - forecast.low < 1e-6);
    }

    /// numpy.polyfit(log2(x), y, 1) and (…, 2); scipy.stats.linregress gives b's standard error
    /// .294 392, t of 3 degrees of freedom is 3.182 446.
    #[test]
    fn coefficients_and_intervals_are_those_of_numpy_and_scipy() {
        let y = [20.0, 23.0, 27.0, 32.0, 37.5];
        let points: Vec<(f64, f64)> = SIZES.into_iter().zip(y).collect();
        let law = LogLaw::fit(&points).expect("five sizes");
        assert!((law.per_doubling - 4.4).abs() < 1e-9);
        assert!(
            (law.intercept - -24.749_450_852_5).abs() < 1e-9,
            "{}",
            law.intercept
        );
        let half = (law.per_doubling_high - law.per_doubling_low) / 2.0;
        assert!(
            (half - 3.182_446_305 * 0.294_392_028_9).abs() < 1e-6,
            "{half}"
        );
        let curved = law.forecast(32_000.0).high;
        let [a, b, c] = law.parabola;
        let at = 32_000_f64.log2();
        assert!((c - 0.428_571_428_6).abs() < 1e-9, "{c}");
        assert!(curved >= a + b * at + c * at * at - 1e-9);
    }

    #[test]
    fn what_bends_upward_is_within_the_interval_of_its_forecast() {
        let bent = |x: f64| 10.0 + 0.8 * x.log2() + 0.3 * (x.log2() - 10.0).powi(2);
        let law = LogLaw::fit(&SIZES.map(|x| (x, bent(x)))).expect("five sizes");
        for x in [16_000.0, 160_000.0, 1_600_000.0] {
            let forecast = law.forecast(x);
            let right = bent(x);
            assert!(
                forecast.low - 1e-6 <= right && right <= forecast.high + 1e-6,
                "{x}"
            );
        }
    }

    #[test]
    fn several_measurements_at_a_size_widen_the_forecast_of_one() {
        let once = SIZES.map(|x| (x, 3.0 * x.log2()));
        let mut thrice = Vec::new();
        for (x, y) in once {
            thrice.extend([(x, y - 2.0), (x, y), (x, y + 2.0)]);
        }
        let law = LogLaw::fit(&thrice).expect("five sizes");
        assert!(
            (law.spread - 2.0).abs() < 1e-9 && law.misfit < 1e-9,
            "√(8·5/10)"
        );
        let forecast = law.forecast(64_000.0);
        assert!((forecast.high - forecast.point - 3.182_446_305 * 2.0).abs() < 1e-5);
    }

    #[test]
    fn too_few_sizes_and_values_that_are_none_give_no_law() {
        assert!(LogLaw::fit(&[(1.0, 1.0), (2.0, 2.0), (4.0, 3.0), (4.0, 3.5)]).is_none());
        let mut points = SIZES.map(|x| (x, 1.0));
        points[2].1 = f64::NAN;
        assert!(LogLaw::fit(&points).is_none());
    }
}
