//! Replays as columns: one after another, with their lengths.

use super::sections::Sections;
use annatomy_eval::explored::Replay;

/// Writes all replays; an engine calls a row what `shown` says.
pub(super) fn write_replays(
    sections: &mut Sections,
    replays: &[Replay],
    shown: impl Fn(u32) -> u32,
) {
    let lengths = |of: fn(&Replay) -> usize| -> Vec<u32> {
        replays.iter().map(|replay| of(replay) as u32).collect()
    };
    let joined = |of: fn(&Replay) -> &Vec<u32>| -> Vec<u32> {
        replays
            .iter()
            .flat_map(|replay| of(replay).iter().copied())
            .collect()
    };
    let queries: Vec<u32> = replays.iter().map(|replay| replay.query).collect();
    sections.whole("replay_queries", &queries);
    let all: Vec<u32> = replays.iter().map(|replay| replay.all).collect();
    sections.full("replay_all", &all);
    sections.full("replay_lengths", &lengths(|replay| replay.rows.len()));
    let rows: Vec<u32> = joined(|replay| &replay.rows)
        .into_iter()
        .map(shown)
        .collect();
    sections.whole("replay_rows", &rows);
    let (mut near, mut far, mut between) = (Vec::new(), Vec::new(), Vec::new());
    for replay in replays {
        let distances = || replay.distances.iter().copied();
        let (least, most) = (
            distances().fold(f32::INFINITY, f32::min),
            distances().fold(f32::NEG_INFINITY, f32::max),
        );
        let span = if most > least { most - least } else { 1.0 };
        near.push(least);
        far.push(most);
        between.extend(
            distances().map(|distance| ((distance - least) / span * 65_535.0).round() as u32),
        );
    }
    sections.single("replay_near", near);
    sections.single("replay_far", far);
    sections.sixteen("replay_distances", &between);
    sections.full(
        "replay_expansions",
        &lengths(|replay| replay.expanded.len()),
    );
    sections.whole("replay_expanded", &joined(|replay| &replay.expanded));
    sections.whole("replay_seen", &joined(|replay| &replay.seen));
    sections.full("replay_stops", &lengths(|replay| replay.stop_efs.len()));
    sections.whole("replay_stop_efs", &joined(|replay| &replay.stop_efs));
    sections.whole(
        "replay_stop_visited",
        &joined(|replay| &replay.stop_visited),
    );
}
