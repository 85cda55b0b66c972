//! Advice against every ef tried in turn by a search written out plainly.

use super::*;
use crate::exact;
use crate::testing::{HandGraph, dataset, graphs, line, nearest, noise, random_graph};
use annatomy_eval::allowed::Allowed;
use annatomy_eval::distance_source::Vectors;
use annatomy_hnsw::{EngineClass, VectorDistances};
use annatomy_vectors::Metric;

const ROWS: usize = 40;

fn advised(
    data: &Dataset<'_>,
    hand: &[HandGraph],
    class: EngineClass,
    ks: &[usize],
    targets: &[&str],
) -> Vec<Advice> {
    let graphs = graphs(hand, class, data);
    let base = data.base.in_memory().expect("in memory");
    let truth = exact::neighbors(data, ks[ks.len() - 1], 1 << 20).expect("small");
    let computer = VectorDistances::new(base, Metric::L2);
    let source = Vectors::new(computer, data.search_queries(), None);
    let targets: Vec<Target> = targets
        .iter()
        .map(|text| text.parse().expect("a target"))
        .collect();
    let mut adviser = Adviser::new(&source, data, &truth, &graphs, ks);
    adviser.advise(&targets).expect("memory")
}

/// Tries every ef by a search written out plainly.
#[test]
fn the_advised_ef_is_the_smallest_of_all() {
    let data = dataset(noise(ROWS, 3, 31), None);
    let hand = [1, 2].map(|seed| random_graph(ROWS as u32, 3, &[], seed));
    for class in [EngineClass::StopEarly, EngineClass::Raise] {
        for advice in advised(
            &data,
            &hand,
            class,
            &[3, 9],
            &["overlap=0.8", "overlap=0.97"],
        ) {
            let mean = |ef| {
                let of = |graph: &HandGraph| graph.overlap(&data, class, (ef, advice.k));
                f64::midpoint(of(&hand[0]), of(&hand[1]))
            };
            // An engine that raises ef searches with k + 1 at least: less is no advice.
            let least = if class == EngineClass::Raise {
                advice.k + 1
            } else {
                1
            };
            let right = (least..=ROWS).find(|&ef| mean(ef) >= advice.target.value - 1e-12);
            let what = format!("{class}, k {}, {}", advice.k, advice.target);
            assert_eq!(advice.ef, right, "{what}");
            let ef = advice.ef.expect("within reach");
            let reached = advice.reached.expect("a mean").point;
            assert!((reached - mean(ef)).abs() < 1e-9, "{what}");
            assert_eq!(advice.alpha, Some(ef as f64 / advice.k as f64), "{what}");
            let seen: usize = hand
                .iter()
                .flat_map(|graph| (0..ROWS).map(move |query| (graph, query)))
                .map(|(graph, query)| {
                    let cell = (ef, advice.k);
                    graph
                        .answer(&data, query, class, cell)
                        .expect("not refused")
                        .1
                })
                .sum();
            let evaluations = advice.distance_evaluations.expect("at an ef");
            assert!(
                (evaluations - seen as f64 / (2 * ROWS) as f64).abs() < 1e-9,
                "{what}"
            );
            assert!(advice.ef_low <= advice.ef, "{what}");
            assert!(advice.ef_high.is_none_or(|high| high >= ef), "{what}");
        }
    }
}

#[test]
fn what_no_path_reaches_bounds_the_overlap_and_no_ef_is_advised() {
    let data = dataset(noise(ROWS, 3, 32), None);
    let lost = [5, 6, 7, 8];
    let hand = random_graph(ROWS as u32, 3, &lost, 3);
    let class = EngineClass::StopEarly;
    let advice = advised(
        &data,
        std::slice::from_ref(&hand),
        class,
        &[4],
        &["overlap=0.999", "fill=1"],
    );
    let best = hand.overlap(&data, class, (ROWS, 4));
    assert!(best < 0.999, "the lost rows are neighbors of some");
    assert!((advice[0].best_overlap - best).abs() < 1e-12);
    assert_eq!(
        (advice[0].ef, advice[0].ef_high, advice[0].alpha),
        (None, None, None)
    );
    let reached = advice[0].reached.expect("at the largest effort").point;
    assert!((reached - best).abs() < 1e-9);
    assert!(
        advice[1].ef.is_some(),
        "every slot can be filled all the same"
    );
}

#[test]
fn errors_are_met_from_above_and_shares_from_below() {
    let data = dataset(noise(ROWS, 3, 33), None);
    let hand = random_graph(ROWS as u32, 3, &[], 4);
    let targets = [
        "lid_bias=0.02",
        "distance_error=0.01",
        "barycenter_shift=0.05",
        "overlap_p5=0.5",
    ];
    let all = advised(&data, &[hand], EngineClass::Raise, &[8], &targets);
    assert_eq!(all.len(), 4);
    let mut widths = 0;
    for advice in all {
        let reached = advice.reached.expect("a mean").point;
        assert!(
            advice.target.is_met_by(reached),
            "{}: {reached}",
            advice.target
        );
        assert!(advice.ef_low <= advice.ef, "{}", advice.target);
        let high = advice.ef_high.unwrap_or(ROWS + 1);
        assert!(Some(high) >= advice.ef, "{}", advice.target);
        widths += high - advice.ef_low.expect("as ef");
        assert!(
            advice.ef.is_some_and(|ef| (9..=ROWS).contains(&ef)),
            "{}",
            advice.target
        );
    }
    assert_eq!(
        widths, 0,
        "every row is a query of one graph: no doubt is left"
    );
}

/// A search of every ef that `advised` might name, written out plainly: the mean overlap of the
/// queries of one half, or of all.
fn plain(data: &Dataset<'_>, graph: &HandGraph, part: Part, (ef, k): (usize, usize)) -> f64 {
    let (first, step) = part.places();
    let queries = (first..data.queries.count()).step_by(step);
    let overlaps: Vec<f64> = queries
        .map(|query| {
            let exact = nearest(data, query, k);
            let answer = graph.answer(data, query, EngineClass::StopEarly, (ef, k));
            let ids = answer.expect("not refused").0;
            ids.iter().filter(|id| exact.contains(id)).count() as f64 / k as f64
        })
        .collect();
    overlaps.iter().sum::<f64>() / overlaps.len() as f64
}

/// The neighbors stand behind the farthest of 1,100 decoys: a search expands it only where as many
/// rows may be nearer.
#[test]
fn searches_go_on_beyond_the_first_effort_until_the_target_is_met() {
    let decoys = 1_100;
    let points = (0..decoys).map(|decoy| 1.0 + decoy as f32 / 1_024.0);
    let points: Vec<f32> = [100.0].into_iter().chain(points).chain([0.5]).collect();
    let mut links = vec![(1..=decoys as u32).collect::<Vec<u32>>()];
    links.resize(decoys + 2, vec![0]);
    links[decoys] = vec![decoys as u32 + 1];
    let data = dataset(line(&points), Some(line(&[0.0])));
    let hand = [HandGraph(links)];
    let class = EngineClass::StopEarly;
    let advice = advised(&data, &hand, class, &[1], &["overlap=1", "fill=1"]);
    // 1,099 decoys are nearer than the farthest: with ef 1,099 the search stops before it.
    assert_eq!(advice[0].ef, Some(1_100));
    assert_eq!(advice[0].largest_ef, decoys + 2, "every row");
    assert_eq!(advice[1].ef, Some(1), "any row fills a slot");
    let reached = advice[0].reached.expect("a mean").point;
    assert_eq!((reached, advice[0].best_overlap), (1.0, 1.0));
}

#[test]
fn what_is_recommended_meets_the_target_with_its_worse_end_and_one_ef_less_does_not() {
    let data = dataset(noise(90, 3, 61), Some(noise(400, 3, 62)));
    let graph = random_graph(90, 3, &[], 7);
    let hand = std::slice::from_ref(&graph);
    let advice = advised(&data, hand, EngineClass::StopEarly, &[6], &["overlap=0.9"]);
    let found = advice[0].recommended.as_ref().expect("400 queries show it");
    let reached = found.reached.expect("a mean");
    let right = plain(&data, &graph, Part::All, (found.ef, 6));
    assert!((reached.point - right).abs() < 1e-9);
    assert!(reached.low >= Some(0.9));
    assert_eq!(Some(found.ef), advice[0].ef_high);
    assert!(advice[0].ef <= Some(found.ef) && found.alpha == found.ef as f64 / 6.0);
    // An interval of two standard deviations is about that of the mean of many shares.
    let ef = found.ef - 1;
    let below = plain(&data, &graph, Part::All, (ef, 6));
    let spread = (below * (1.0 - below) / 400.0).sqrt();
    assert!(
        below - 2.0 * spread < 0.9,
        "{below} at ef {ef} would have been shown too"
    );
    // Chosen on every second query, and judged on the others.
    let judged = found.judged.as_ref().expect("400 queries are halved");
    assert_eq!((judged.chosen_on, judged.judged_on), (200, 200));
    let chosen = plain(&data, &graph, Part::Half(0), (judged.ef, 6));
    assert!(chosen >= 0.9, "{chosen}");
    let right = plain(&data, &graph, Part::Half(1), (judged.ef, 6));
    assert!((judged.reached.point - right).abs() < 1e-9);
    assert_eq!(judged.reached.n, 200);
}

#[test]
fn as_many_queries_as_are_needed_show_the_target_and_half_of_them_do_not() {
    // Every row is linked to every other: no query loses anything, and only doubt is left.
    let rows = 30;
    let others = |row: u32| (0..rows).filter(|&other| other != row).collect();
    let graph = HandGraph((0..rows).map(others).collect());
    let advice = |queries| {
        let held_out = noise(queries, 3, 82);
        let data = dataset(noise(rows as usize, 3, 81), Some(held_out));
        let hand = std::slice::from_ref(&graph);
        let class = EngineClass::Raise;
        advised(&data, hand, class, &[4], &["overlap=0.97"]).remove(0)
    };
    let few = advice(12);
    assert!(
        few.ef.is_some() && few.recommended.is_none(),
        "12 queries show nothing"
    );
    let needed = few.queries_needed.expect("a number");
    assert!(
        advice(needed + needed / 5).recommended.is_some(),
        "{needed}"
    );
    assert!(advice(needed / 2).recommended.is_none(), "{needed}");
    assert_eq!(
        advice(needed + needed / 5).queries_needed,
        None,
        "shown already"
    );
}

/// An engine that filters what its search found returns less than the trace alone says.
#[test]
fn under_a_filter_after_the_search_every_ef_is_searched() {
    let mut data = dataset(noise(60, 3, 13), Some(noise(20, 3, 14)));
    let graph = random_graph(60, 3, &[], 5);
    let every_third: Vec<u32> = (0..60).step_by(3).collect();
    let allowed = Allowed::new(60, 20, std::slice::from_ref(&every_third)).expect("rows");
    let rule = FilterRule::AfterSearch;
    data.filter = Some(Filter { allowed, rule });
    let k = 4;
    let mean = |ef: usize, figure: fn(usize, usize) -> usize| {
        let of = |query: usize| {
            let mut exact = nearest(&data, query, 60);
            exact.retain(|row| every_third.contains(row));
            let mut found = graph.seen(&data, query, ef);
            found.truncate(ef);
            found.retain(|row| every_third.contains(row));
            found.truncate(k);
            let common = found.iter().filter(|row| exact[..k].contains(row)).count();
            figure(common, found.len()) as f64 / k as f64
        };
        (0..20).map(of).sum::<f64>() / 20.0
    };
    let hand = std::slice::from_ref(&graph);
    let targets = ["overlap=0.7", "fill=0.9"];
    let advice = advised(&data, hand, EngineClass::RowCap, &[k], &targets);
    let smallest = |value: f64, figure: fn(usize, usize) -> usize| {
        (1..=60).find(|&ef| mean(ef, figure) >= value - 1e-12)
    };
    assert_eq!(advice[0].ef, smallest(0.7, |common, _| common));
    assert_eq!(advice[1].ef, smallest(0.9, |_, filled| filled));
    assert!(
        advice[0].ef > Some(k),
        "more than k are needed where others are filtered out"
    );
}

/// NumPy's percentile of the overlaps, and the share of them that reach δ.
#[test]
fn tails_are_reached_as_percentiles_of_single_queries_say() {
    let data = dataset(noise(ROWS, 3, 91), None);
    let graph = random_graph(ROWS as u32, 3, &[], 6);
    let (class, k) = (EngineClass::Raise, 6);
    let overlaps = |ef| {
        let of = |query| {
            let exact = nearest(&data, query, k);
            let ids = graph
                .answer(&data, query, class, (ef, k))
                .expect("answered")
                .0;
            ids.iter().filter(|id| exact.contains(id)).count() as f64 / k as f64
        };
        let mut all: Vec<f64> = (0..ROWS).map(of).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let percentile = |sorted: &[f64], percent: f64| {
        let place = percent / 100.0 * (sorted.len() - 1) as f64;
        let (low, share) = (place.floor() as usize, place.fract());
        let next = sorted[(low + 1).min(sorted.len() - 1)];
        sorted[low] + share * (next - sorted[low])
    };
    let targets = [
        "overlap_p1=0.6",
        "overlap_p5=0.7",
        "overlap_p25=0.9",
        "robust@0.8=0.9",
    ];
    let hand = std::slice::from_ref(&graph);
    for advice in advised(&data, hand, class, &[k], &targets) {
        let figure = |ef| {
            let sorted = overlaps(ef);
            match advice.target.measure {
                Measure::OverlapP1 => percentile(&sorted, 1.0),
                Measure::OverlapP5 => percentile(&sorted, 5.0),
                Measure::OverlapP25 => percentile(&sorted, 25.0),
                _ => {
                    let reach = sorted.iter().filter(|&&overlap| overlap >= 0.8 - 1e-12);
                    reach.count() as f64 / ROWS as f64
                }
            }
        };
        let right = (k + 1..=ROWS).find(|&ef| figure(ef) >= advice.target.value - 1e-12);
        assert_eq!(advice.ef, right, "{}", advice.target);
        let reached = advice.reached.expect("an estimate").point;
        assert!((reached - figure(advice.ef.expect("within reach"))).abs() < 1e-9);
    }
}
