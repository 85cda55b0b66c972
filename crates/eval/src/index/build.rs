//! Building an index, by ranks where a table of all pairs fits, else from the vectors.

use super::kept_rows::{KeptRows, measured};
use super::{IndexError, IndexFacts};
use crate::distance_source::Ranked;
use annatomy_hnsw::import::EngineBuild;
use annatomy_hnsw::{
    EngineClass, ForwardLinks, Graph, Links, Parameters, RankDistances, Sq8Codes, VectorDistances,
    union,
};
use annatomy_knn::{PairTable, RankTable};
use annatomy_vectors::kernels::Stored;
use annatomy_vectors::{
    Matrix, MatrixView, Metric, PowerOfTwoScale, Rows, largest_magnitude, validate,
};

/// A graph over rows that the caller keeps.
#[derive(Debug)]
pub struct Index {
    graph: Graph,
    metric: Metric,
    columns: usize,
    /// The rows as the graph measures them, where those are not the caller's: of unit length for
    /// cosine, scaled where float32 cannot hold their squares.
    own_rows: Option<Matrix>,
    /// The scale of `own_rows`.
    scale: Option<PowerOfTwoScale>,
    /// SQ8 codes of the rows, where the prefilter pays.
    codes: Option<Sq8Codes>,
    /// Whose order of summation searches use; `None`: ours.
    build: Option<EngineBuild>,
    /// What is known of it besides.
    pub facts: IndexFacts,
}

impl Index {
    /// Builds the graph of `rows` on the current rayon pool; the same at any number of threads.
    ///
    /// Where the tables of all pairs take no more than `budget_bytes`, the graph is built by ranks
    /// and orders equal distances by float64 nearness; the two ways differ only where float32
    /// cannot tell two distances apart.
    ///
    /// For L2 and cosine the rows are kept as SQ8 codes too, unless they are short: a lower bound from the codes spares building and searching most rows, with the
    /// same results.
    ///
    /// Rows in float16 give the graph that they give widened, without a widened copy where the
    /// tables do not fit and the metric needs no other rows.
    pub fn build<S: Stored>(
        rows: MatrixView<'_, S>,
        metric: Metric,
        parameters: &Parameters,
        budget_bytes: u64,
    ) -> Result<Self, IndexError> {
        let kept = KeptRows::of(rows, metric)?;
        let codes = kept.codes(rows, metric);
        let graph = if Ranked::fits(rows.rows(), budget_bytes) {
            let certified = parameters.ef_construction.clamp(1, rows.rows() - 1);
            let measured = kept.view().map_or_else(|| rows.float32(), Rows::Lent);
            let ranks = RankTable::new(&PairTable::new(measured.view(), metric, certified)?)?;
            Graph::build(&RankDistances(&ranks), parameters)?
        } else if let Some(own) = kept.view() {
            Graph::build(
                &VectorDistances::new(own, metric).with_codes(codes.as_ref()),
                parameters,
            )?
        } else {
            Graph::build(
                &VectorDistances::new(rows, metric).with_codes(codes.as_ref()),
                parameters,
            )?
        };
        let facts = IndexFacts {
            segments: Vec::new(),
            source: "a graph built here".to_owned(),
            class: match parameters.forward_links {
                ForwardLinks::TwoM => EngineClass::StopEarly,
                ForwardLinks::M => EngineClass::Raise,
            },
            m: parameters.m,
            ef_construction: parameters.ef_construction,
            ef_search: None,
        };
        let columns = rows.columns();
        Ok(Self::new(graph, metric, columns, kept, codes, facts))
    }

    fn new(
        graph: Graph,
        metric: Metric,
        columns: usize,
        kept: KeptRows,
        codes: Option<Sq8Codes>,
        facts: IndexFacts,
    ) -> Self {
        Self {
            graph,
            metric,
            columns,
            own_rows: kept.own,
            scale: kept.scale,
            codes,
            build: None,
            facts,
        }
    }

    /// A graph that was built here, over the rows that it was built from, and the number of their columns;
    /// of segments without SQ8 codes.
    pub(super) fn of_graph<S: Stored>(
        graph: Graph,
        (rows, columns): (MatrixView<'_, S>, usize),
        metric: Metric,
        facts: IndexFacts,
    ) -> Result<Self, IndexError> {
        let kept = KeptRows::of(rows, metric)?;
        let codes = if facts.segments.is_empty() {
            kept.codes(rows, metric)
        } else {
            None
        };
        let index = Self::new(graph, metric, columns, kept, codes, facts);
        index.check_shape(rows)?;
        Ok(index)
    }

    /// The graphs of `segments` next to one another, over `rows`, which are theirs in their order: each
    /// search goes through every segment, and their answers are merged.
    ///
    /// # Errors
    /// If a segment is of another width or metric than the first, is an engine's, or the rows do not
    /// add up.
    pub fn of_segments(segments: &[&Self], rows: MatrixView<'_>) -> Result<Self, IndexError> {
        let Some(first) = segments.first() else {
            return Err(IndexError::OtherRows {
                rows: rows.rows(),
                columns: rows.columns(),
                expected_rows: 0,
                expected_columns: 0,
            });
        };
        let (metric, columns) = (first.metric, first.columns);
        for (segment, index) in segments.iter().enumerate() {
            if index.metric != metric || index.columns != columns || index.build.is_some() {
                return Err(IndexError::Segment {
                    segment,
                    columns: index.columns,
                    metric: index.metric,
                    expected_columns: columns,
                    expected_metric: metric,
                });
            }
        }
        let graphs: Vec<Graph> = segments.iter().map(|index| index.graph.clone()).collect();
        let counts: Vec<usize> = graphs.iter().map(Graph::nodes).collect();
        let graph = union(&graphs)?;
        let mut facts = first.facts.clone();
        facts.source = format!("{} segments, the first {}", segments.len(), facts.source);
        facts.segments = counts;
        Self::of_graph(graph, (rows, columns), metric, facts)
    }

    /// The graph of an engine, over rows as that engine keeps them.
    pub(super) fn of_engine(
        graph: Graph,
        metric: Metric,
        columns: usize,
        build: EngineBuild,
        facts: IndexFacts,
    ) -> Self {
        Self {
            graph,
            metric,
            columns,
            own_rows: None,
            scale: None,
            codes: None,
            build: Some(build),
            facts,
        }
    }

    /// The engine whose graph it is, and its arithmetic; `None` for a graph built here.
    pub fn engine(&self) -> Option<EngineBuild> {
        self.build
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Columns of its rows.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The metric it was built for.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The rows that distances are taken to, once `rows` are known to have the index's shape.
    pub fn rows<'a>(&'a self, rows: MatrixView<'a>) -> Result<MatrixView<'a>, IndexError> {
        self.check_shape(rows)?;
        Ok(self.own_rows().unwrap_or(rows))
    }

    /// The rows kept here, where those are not the caller's.
    pub(super) fn own_rows(&self) -> Option<MatrixView<'_>> {
        self.own_rows.as_ref().map(Matrix::view)
    }

    /// The same with codes of its rows, where they are too few for them.
    #[cfg(test)]
    pub(super) fn with_codes(self, codes: Sq8Codes) -> Self {
        Self {
            codes: Some(codes),
            ..self
        }
    }

    /// The codes of the rows, where there are any.
    pub(super) fn codes(&self) -> Option<&Sq8Codes> {
        self.codes.as_ref()
    }

    pub(super) fn check_shape<S: Stored>(&self, rows: MatrixView<'_, S>) -> Result<(), IndexError> {
        if (rows.rows(), rows.columns()) == (self.graph.nodes(), self.columns) {
            return Ok(());
        }
        Err(IndexError::OtherRows {
            rows: rows.rows(),
            columns: rows.columns(),
            expected_rows: self.graph.nodes(),
            expected_columns: self.columns,
        })
    }

    /// The queries as the graph measures them, where those are not the caller's.
    pub(super) fn queries(&self, queries: MatrixView<'_>) -> Result<Option<Matrix>, IndexError> {
        if queries.columns() != self.columns {
            return Err(IndexError::Columns {
                queries: queries.columns(),
                index: self.columns,
            });
        }
        let engine = self.build.filter(|_| self.metric == Metric::Cosine);
        if let Some(build) = engine {
            let unusable = |source| IndexError::Values {
                what: "queries",
                source,
            };
            validate::check(queries, self.metric).map_err(unusable)?;
            let mut copy = queries.to_matrix();
            if build.normalize_rows(&mut copy) {
                return Ok(Some(copy));
            }
        }
        let own = measured(queries, self.metric, "queries")?;
        let Some(scale) = self.scale else {
            return self.check_range(queries).map(|()| own);
        };
        let scaled = scale.scaled(queries);
        self.check_range(scaled.view())?;
        Ok(Some(scaled))
    }

    /// Queries, in the unit of the rows, may be smaller than the rows but not so large that their
    /// squares leave float32.
    fn check_range(&self, queries: MatrixView<'_>) -> Result<(), IndexError> {
        let largest = largest_magnitude(queries);
        let is_too_large = largest > 1.0 && PowerOfTwoScale::for_largest(largest).is_some();
        // An engine's own arithmetic overflows as it does there.
        if self.build.is_some() || self.metric == Metric::Cosine || !is_too_large {
            return Ok(());
        }
        Err(IndexError::Values {
            what: "queries",
            source: validate::ValidationError::Range {
                rows: queries.rows(),
                largest,
            },
        })
    }

    /// The rows, scaled, where float32 cannot hold their squares.
    pub(super) fn scaled_rows(&self) -> Option<MatrixView<'_>> {
        self.scale.and(self.own_rows())
    }

    /// The distance between rows as given, from that between rows as the graph measures them.
    pub(super) fn unscaled(&self, distance: f32) -> f32 {
        match self.scale {
            Some(scale) => scale.distance(self.metric, distance),
            None => distance,
        }
    }
}
