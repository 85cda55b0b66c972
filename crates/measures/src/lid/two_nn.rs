//! `TwoNN` by the straight line of its paper.

/// The slope of −ln(1 − F(μ)) over ln μ through the origin, F the empirical distribution of the
/// ratios μ = d₂/d₁, the share `discard` of largest ratios left out (Facco et al. 2017, steps 1–5;
/// the paper discards 0.1).
///
/// `None` if fewer than two ratios remain or all are 1. Ratios that are not finite (d₁ = 0) are
/// left out beforehand. The maximum-likelihood form is [`Lid::TwoNn`](super::Lid::TwoNn). Cost O(N
/// log N).
pub fn two_nn_linear_fit(ratios: &[f64], discard: f64) -> Option<f64> {
    let mut ratios: Vec<f64> = ratios
        .iter()
        .copied()
        .filter(|ratio| ratio.is_finite())
        .collect();
    ratios.sort_by(f64::total_cmp);
    let count = ratios.len() as f64;
    let kept = ((count * (1.0 - discard)) as usize).min(ratios.len().saturating_sub(1));
    let points = ratios[..kept]
        .iter()
        .zip(1..)
        .map(|(ratio, rank)| (ratio.ln(), -(1.0 - f64::from(rank) / count).ln()));
    let (products, squares) = points.fold((0.0, 0.0), |(xy, xx), (x, y)| (xy + x * y, xx + x * x));
    (kept >= 2 && squares > 0.0).then(|| products / squares)
}
