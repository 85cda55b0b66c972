//! Inverted files: `IndexIVFFlat`, `IndexIVFScalarQuantizer`, `IndexIVFPQ`.

use super::lists::{read_direct_map, read_lists};
use super::quantizers::{read_product, read_scalar};
use super::refused::{same, unsupported, value};
use super::storage::{codes_of, exhaustive, read_flat, read_hnsw};
use crate::cells::{Cells, Coarse};
use crate::codes::Quantizer;
use crate::method::{Method, Routing};
use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::{Cursor, Header, name_of, read_header};

pub(super) fn read_ivf(
    cursor: &mut Cursor<'_>,
    class: &'static str,
) -> Result<Method, SavedIndexError> {
    let header = read_header(cursor)?;
    let nlist = cursor.u64("the number of cells")?;
    let nprobe = cursor.u64("nprobe")?;
    let coarse = read_coarse(cursor, header.columns)?;
    if nlist != coarse.centroids.rows() as u64 {
        let expected = format!("{}, the centroids", coarse.centroids.rows());
        return value("the number of cells", nlist, expected);
    }
    if coarse.metric != header.metric {
        return unsupported(
            &format!("{class} whose coarse quantizer has another metric"),
            "rows and cells are compared alike",
        );
    }
    read_direct_map(cursor)?;
    let (quantizer, size, by_residual) = read_ivf_quantizer(cursor, &header, class)?;
    let lists = read_lists(cursor, coarse.centroids.rows(), size, header.rows)?;
    let bytes = lists.codes_in_order(size)?;
    let codes = codes_of(quantizer, &header, size, &bytes)?;
    let cells = Cells {
        lists: lists.rows,
        coarse,
        by_residual,
        nprobe: usize::try_from(nprobe).unwrap_or(usize::MAX).max(1),
    };
    Ok(Method {
        routing: Routing::Cells(cells),
        labels: lists.labels,
        ..exhaustive(class, &header, codes)
    })
}

/// A coarse quantizer: float32 centroids, compared one by one or through a graph.
fn read_coarse(cursor: &mut Cursor<'_>, columns: usize) -> Result<Coarse, SavedIndexError> {
    let code = cursor.code("the code of the coarse quantizer")?;
    let method = match &code {
        b"IxF2" | b"IxFI" | b"IxFl" => read_flat(cursor, "FAISS IndexFlat")?,
        b"IHNf" => read_hnsw(cursor, &code, "FAISS IndexHNSWFlat")?,
        code => {
            return unsupported(
                &format!("a coarse quantizer of {}", name_of(code)),
                "coarse quantizers that are read are IndexFlat and IndexHNSWFlat",
            );
        }
    };
    same(
        "the columns of the coarse quantizer",
        method.columns,
        columns,
    )?;
    let graph = match method.routing {
        Routing::Graph(routing) => {
            let ef = routing.ef_search.unwrap_or(16).clamp(1, method.rows);
            Some((routing.graph, ef))
        }
        _ => None,
    };
    Ok(Coarse {
        centroids: method.codes.decoded()?,
        metric: method.metric,
        graph,
    })
}

/// The quantizer of a cell's codes, the bytes of a code, and whether codes are of residuals.
fn read_ivf_quantizer(
    cursor: &mut Cursor<'_>,
    header: &Header,
    class: &'static str,
) -> Result<(Quantizer, usize, bool), SavedIndexError> {
    match class {
        "FAISS IndexIVFFlat" => Ok((Quantizer::Float32, 4 * header.columns, false)),
        "FAISS IndexIVFScalarQuantizer" => {
            let (quantizer, size) = read_scalar(cursor, header.columns)?;
            let saved = cursor.u64("the bytes of a code")?;
            let by_residual = cursor.u8("whether codes are of residuals")? != 0;
            same(
                "the bytes of a code",
                usize::try_from(saved).unwrap_or(0),
                size,
            )?;
            Ok((Quantizer::Scalar(quantizer), size, by_residual))
        }
        _ => {
            let by_residual = cursor.u8("whether codes are of residuals")? != 0;
            let saved = cursor.u64("the bytes of a code")?;
            let (quantizer, size) = read_product(cursor, header.columns)?;
            same(
                "the bytes of a code",
                usize::try_from(saved).unwrap_or(0),
                size,
            )?;
            Ok((Quantizer::Product(quantizer), size, by_residual))
        }
    }
}
