//! The data block of the explorer: a header in JSON, and columns of numbers.
//!
//! The names are those of `explorer/src/data.ts`. Cost: about 4 bytes a neighbor on one graph,
//! before compression.

use super::RowMedia;
use super::replays::write_replays;
use super::sections::{Section, Sections};
use super::subject::{Condition, Preset, Subject};
use annatomy_eval::every_effort::EveryEffort;
use annatomy_eval::explored::Explored;
use annatomy_hnsw::EngineClass;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Serialize)]
struct Header<'h> {
    version: u32,
    name: &'h str,
    metric: &'h str,
    rows: usize,
    queries: usize,
    k: usize,
    query_is_row: bool,
    graphs: usize,
    graph_names: &'h [String],
    first_graph: usize,
    class: String,
    largest_ef: usize,
    largest_efs: Vec<usize>,
    efs: &'h [usize],
    ks: &'h [usize],
    presets: &'h [Preset],
    conditions: &'h [Condition],
    measured_queries: usize,
    map_kept: Option<f64>,
    columns: Vec<ColumnName<'h>>,
    slots: usize,
    answers: Option<&'h str>,
    labels: &'h BTreeMap<String, String>,
    pictures: &'h BTreeMap<String, String>,
    notes: Vec<&'h String>,
    sections: Vec<Section>,
}

#[derive(Serialize)]
struct ColumnName<'h> {
    id: &'h str,
    name: &'h str,
}

/// Both parts, as they stand in the page.
pub(super) struct Block {
    pub(super) header: String,
    pub(super) data: String,
}

impl Block {
    pub(super) fn new(subject: &Subject, explored: &Explored, media: &RowMedia) -> Self {
        let mut sections = Sections::default();
        write_columns(&mut sections, explored);
        for (number, graph) in explored.graphs.iter().enumerate() {
            write_graph(&mut sections, number, graph, explored);
        }
        write_replays(&mut sections, &explored.replays, shown(explored));
        let measured = &subject.measured;
        for (name, values) in [
            ("measured_overlap", &measured.overlap),
            ("measured_fill", &measured.fill),
            ("measured_p5", &measured.p5),
            ("measured_visited", &measured.visited),
        ] {
            sections.double(name, values.iter().copied());
        }
        let data = sections.packed();
        let largest_efs: Vec<usize> = explored.graphs.iter().map(|graph| graph.ef).collect();
        let columns = explored.columns.iter().map(|column| ColumnName {
            id: &column.id,
            name: &column.name,
        });
        let labels = labels(explored, media);
        let header = Header {
            version: 2,
            name: &subject.name,
            metric: &subject.metric,
            rows: subject.rows,
            queries: explored.names.len(),
            k: explored.exact.k,
            query_is_row: subject.query_is_row,
            graphs: explored.graphs.len(),
            graph_names: &explored.graph_names,
            first_graph: explored.replayed_graph,
            class: explored.class.unwrap_or(EngineClass::StopEarly).to_string(),
            largest_ef: largest_efs.iter().copied().max().unwrap_or(0),
            largest_efs,
            efs: &explored.efs,
            ks: &subject.ks,
            presets: &subject.presets,
            conditions: &subject.conditions,
            measured_queries: subject.measured_queries,
            map_kept: explored.map.kept.is_finite().then_some(explored.map.kept),
            columns: columns.collect(),
            slots: explored.answers.as_ref().map_or(0, |answers| answers.slots),
            answers: explored
                .answers
                .as_ref()
                .map(|answers| answers.name.as_str()),
            labels: &labels,
            pictures: &media.pictures,
            notes: subject.notes.iter().chain(&media.notes).collect(),
            sections: sections.table,
        };
        let header = serde_json::to_string(&header).expect("plain data");
        Self {
            // Within strings, where alone it stands, this is the same letter to JSON.
            header: header.replace('<', "\\u003c"),
            data,
        }
    }
}

/// The labels given, and the primary keys that are no numbers of 32 bits.
fn labels(explored: &Explored, media: &RowMedia) -> BTreeMap<String, String> {
    let mut labels = media.labels.clone();
    let Some(ids) = &explored.ids else {
        return labels;
    };
    let answered = explored.answers.iter().flat_map(|answers| &answers.ids);
    let neighbors = explored.exact.ids.iter().chain(answered);
    for &row in neighbors.chain(&explored.rows_of_queries) {
        let id = || ids.get(row as usize).to_string();
        labels.entry(row.to_string()).or_insert_with(id);
    }
    labels
}

/// What an engine calls a row.
fn shown(explored: &Explored) -> impl Fn(u32) -> u32 + '_ {
    let labels = explored.labels.as_deref();
    move |row| labels.map_or(row, |labels| labels[row as usize])
}

fn write_columns(sections: &mut Sections, explored: &Explored) {
    let shown = shown(explored);
    let (k, exact) = (explored.exact.k, &explored.exact);
    sections.double("names", explored.names.iter().map(|&name| name as f64));
    let ids: Vec<u32> = exact.ids.iter().map(|&id| shown(id)).collect();
    sections.whole("ids", &ids);
    let (mut near, mut far, mut between) = (Vec::new(), Vec::new(), Vec::new());
    for row in exact.distances.chunks(k) {
        let (first, last) = (row[0], row[k - 1]);
        let span = if last > first { last - first } else { 1.0 };
        near.push(first);
        far.push(last);
        let mut before = 0;
        for distance in row {
            let place = ((distance - first) / span * 65_535.0).round() as u16;
            // Steps are small numbers, which deflate packs into about half.
            between.push(u32::from(place.wrapping_sub(before)));
            before = place;
        }
    }
    sections.single("near", near);
    sections.single("far", far);
    sections.sixteen("distance_steps", &between);
    let (least, span) = extent(&explored.map.queries);
    for (axis, name) in ["x", "y"].into_iter().enumerate() {
        let along = |place: &[f32; 2]| {
            let share = (place[axis] - least[axis]) / span;
            (share.clamp(0.0, 1.0) * 65_535.0) as u32
        };
        let queries: Vec<u32> = explored.map.queries.iter().map(along).collect();
        let base: Vec<u32> = explored.map.base.iter().map(along).collect();
        sections.sixteen(name, &queries);
        sections.sixteen(&format!("base_{name}"), &base);
    }
    for column in &explored.columns {
        let values = column.values.iter().map(|&value| value as f32);
        sections.single(&format!("column:{}", column.id), values);
    }
    if let Some(answers) = &explored.answers {
        let ids: Vec<u32> = answers.ids.iter().map(|&id| shown(id)).collect();
        sections.whole("answer_ids", &ids);
        sections.whole("answer_first", &answers.first_k);
    }
}

/// The least coordinates, less half of what the shorter side lacks, and the longer side.
fn extent(places: &[[f32; 2]]) -> ([f32; 2], f32) {
    let side = |axis: usize| {
        let values = || places.iter().map(|place| place[axis]);
        let (least, most) = (
            values().fold(f32::MAX, f32::min),
            values().fold(f32::MIN, f32::max),
        );
        (least, (most - least).max(0.0))
    };
    let sides = [side(0), side(1)];
    let span = sides[0].1.max(sides[1].1);
    let span = if span > 0.0 { span } else { 1.0 };
    (sides.map(|(least, long)| least - (span - long) / 2.0), span)
}

fn write_graph(sections: &mut Sections, number: usize, graph: &EveryEffort, explored: &Explored) {
    let name = |column: &str| format!("{column}{number}");
    let shown = shown(explored);
    sections.whole(&name("required"), &graph.required);
    sections.whole(&name("own"), &graph.own);
    let mut counts = vec![0; explored.names.len()];
    for step in &graph.steps {
        counts[step.query as usize] += 1;
    }
    sections.whole(&name("step_counts"), &counts);
    let efs: Vec<u32> = graph.steps.iter().map(|step| step.ef).collect();
    let visited: Vec<u32> = graph.steps.iter().map(|step| step.visited).collect();
    sections.whole(&name("step_efs"), &efs);
    sections.whole(&name("step_visited"), &visited);
    let ties = graph.ties.iter();
    let ties: Vec<u32> = ties
        .flat_map(|tie| [tie.query, tie.rank, tie.first_k, tie.ef])
        .collect();
    sections.full(&name("ties"), &ties);
    let before = graph.before_own.iter();
    let before: Vec<u32> = before.flat_map(|row| [row.query, row.ef]).collect();
    sections.full(&name("before"), &before);
    sections.whole(&name("visited"), &graph.visited);
    let neighbors: BTreeSet<u32> = explored.exact.ids.iter().copied().collect();
    let lost = neighbors
        .into_iter()
        .filter(|&row| !graph.reachable[row as usize]);
    let lost: Vec<u32> = lost.map(shown).collect();
    sections.full(&name("unreachable"), &lost);
}
