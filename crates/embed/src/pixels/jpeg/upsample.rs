//! Chroma upsampling: one row of a component at the picture's full width.
//!
//! | spacing | how |
//! |---|---|
//! | 1 × 1 | as it is |
//! | 2 × 1, 2 × 2 (wider than 2 samples), 1 × 2 | triangle: 3 parts of the nearer sample, 1 of the farther one, each way |
//! | others | repeated |
//!
//! Source: libjpeg-turbo, jdsample.c, with its alternating rounding. Beyond the edge, the last
//! sample that counts is repeated.

use super::component::Component;

/// Writes row `y` of the picture; `row` may be longer than the picture by what spacing adds.
pub(super) fn row(component: &Component, y: usize, row: &mut Vec<u8>) {
    row.clear();
    let line = |line: usize| &component.samples[line * component.stride()..][..component.width];
    let smooth_across = component.width > 2;
    match component.spacing {
        (1, 1) => row.extend_from_slice(line(y)),
        (2, 1) if smooth_across => twice_across(line(y), row),
        (1, 2) => {
            let (near, far) = lines(component, y);
            // Up and down round differently, so that errors do not add up.
            let rounding = if y.is_multiple_of(2) { 1 } else { 2 };
            let pairs = line(near).iter().zip(line(far));
            row.extend(pairs.map(|(&near, &far)| {
                ((3 * u16::from(near) + u16::from(far) + rounding) >> 2) as u8
            }));
        }
        (2, 2) if smooth_across => {
            let (near, far) = lines(component, y);
            twice_both(line(near), line(far), row);
        }
        (across, down) => row.extend(
            line(y / down)
                .iter()
                .flat_map(|&sample| std::iter::repeat_n(sample, across)),
        ),
    }
}

/// The sample row that row `y` lies in, and the one that it lies nearest to.
fn lines(component: &Component, y: usize) -> (usize, usize) {
    let near = y / 2;
    let far = if y.is_multiple_of(2) {
        near.saturating_sub(1)
    } else {
        (near + 1).min(component.height - 1)
    };
    (near, far)
}

fn twice_across(samples: &[u8], row: &mut Vec<u8>) {
    let last = samples.len() - 1;
    for (index, &sample) in samples.iter().enumerate() {
        let three = 3 * u16::from(sample);
        let left = if index == 0 {
            sample
        } else {
            ((three + u16::from(samples[index - 1]) + 1) >> 2) as u8
        };
        let right = if index == last {
            sample
        } else {
            ((three + u16::from(samples[index + 1]) + 2) >> 2) as u8
        };
        row.extend([left, right]);
    }
}

fn twice_both(near: &[u8], far: &[u8], row: &mut Vec<u8>) {
    let last = near.len() - 1;
    let sum = |index: usize| 3 * u16::from(near[index]) + u16::from(far[index]);
    let (mut before, mut this) = (sum(0), sum(0));
    for index in 0..=last {
        let after = if index == last { this } else { sum(index + 1) };
        row.extend([
            ((3 * this + before + 8) >> 4) as u8,
            ((3 * this + after + 7) >> 4) as u8,
        ]);
        (before, this) = (this, after);
    }
}
