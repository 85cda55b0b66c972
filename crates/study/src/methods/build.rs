//! What is compared: three ways to the rows, four kinds of codes.

use super::Parts;
use crate::StudyError;
use crate::results::methods::{CodesName, MethodName};
use annatomy_hnsw::{Graph, ReducedKeys, VamanaParameters, medoid};
use annatomy_methods::{Cells, Codes, GraphRouting, Routing};
use annatomy_runtime::stage;
use annatomy_vectors::MatrixView;

/// Efforts of a graph, ef or L.
const EFS: [usize; 21] = [
    1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 640, 800, 1_024,
];
/// Cells probed.
const NPROBES: [usize; 17] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96];

/// The ways to the rows, each with its efforts, ascending.
pub(super) struct Routings {
    ways: Vec<(MethodName, Vec<usize>, Routing)>,
}

impl Routings {
    /// Builds what the run does not have yet.
    pub(super) fn build<D: ReducedKeys>(
        parts: &Parts<'_, D>,
        seed: u64,
    ) -> Result<Self, StudyError> {
        let (settings, rows) = (parts.settings, parts.rows.view());
        let start = medoid(rows).expect("rows to search");
        let parameters = VamanaParameters::new(settings.m, settings.ef_construction, seed);
        let vamana = Graph::build_vamana(parts.distances, &parameters, start)?;
        stage("cells", 0);
        let count = (rows.rows() as f64).sqrt().round() as usize;
        let cells = Cells::build(rows, count, seed);
        let graph = |graph: Graph| {
            Routing::Graph(GraphRouting {
                graph,
                m: settings.m,
                ef_construction: settings.ef_construction,
                ef_search: None,
            })
        };
        let efs = up_to(&EFS, rows.rows());
        let nprobes = up_to(&NPROBES, cells.lists.len());
        Ok(Self {
            ways: vec![
                (MethodName::Hnsw, efs.clone(), graph(parts.graph.clone())),
                (MethodName::Vamana, efs, graph(vamana)),
                (MethodName::Ivf, nprobes, Routing::Cells(cells)),
            ],
        })
    }

    /// Every method and its efforts.
    pub(super) fn all(&self) -> Vec<(MethodName, Vec<usize>)> {
        let ways = self.ways.iter();
        ways.map(|(name, efforts, _)| (*name, efforts.clone()))
            .collect()
    }

    /// Takes a routing out, so that a method can own it for a while.
    pub(super) fn take(&mut self, name: MethodName) -> Routing {
        std::mem::replace(self.of(name), Routing::Exhaustive)
    }

    /// Puts it back.
    pub(super) fn put_back(&mut self, name: MethodName, routing: Routing) {
        *self.of(name) = routing;
    }

    fn of(&mut self, name: MethodName) -> &mut Routing {
        let mut ways = self.ways.iter_mut();
        let way = ways.find(|way| way.0 == name);
        &mut way.expect("every method is built").2
    }
}

/// Those of `efforts` that are below `most`, and `most` where it is no larger than the last.
fn up_to(efforts: &[usize], most: usize) -> Vec<usize> {
    let mut found: Vec<usize> = efforts
        .iter()
        .copied()
        .filter(|&effort| effort < most)
        .collect();
    if efforts.last().is_some_and(|&last| most <= last) {
        found.push(most);
    }
    found
}

/// The rows as codes.
pub(super) fn codes(name: CodesName, rows: MatrixView<'_>, seed: u64) -> Codes {
    match name {
        CodesName::Float32 => Codes::float32(rows),
        CodesName::Float16 => Codes::float16(rows),
        CodesName::EightBits => Codes::eight_bits(rows),
        CodesName::Product => {
            stage("product codes", 0);
            Codes::product(rows, seed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_end_with_all_there_is_or_with_the_largest_of_the_grid() {
        assert_eq!(up_to(&[1, 2, 8], 5), [1, 2, 5]);
        assert_eq!(up_to(&[1, 2, 8], 8), [1, 2, 8]);
        assert_eq!(up_to(&[1, 2, 8], 100), [1, 2, 8]);
        assert_eq!(up_to(&[1, 2, 8], 1), [1]);
    }
}
