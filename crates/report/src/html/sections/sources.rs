//! Definitions of every figure, and the sources behind them.

use crate::html::writer::Html;

const DEFINITIONS: [(&str, &str); 9] = [
    (
        "*k*, `ef`, self",
        "*k* neighbors are asked for, not counting the query itself, which is excluded by its id wherever it is returned. `ef` is \
         the search effort.",
    ),
    (
        "fill",
        "Share of the *k* slots that hold a valid, distinct id. Every geometric figure is over filled slots only.",
    ),
    (
        "overlap",
        "|*E* ∩ *A*|/*k*, *E* the exact and *A* the returned neighbors. An id at a distance ≤ *d*_{k}_(1 + 10⁻⁶) counts; the \
         strict figure goes by id alone.",
    ),
    (
        "relative distance error",
        "Mean over filled ranks *i* of *d*_{A}_(*i*)/*d*_{E}_(*i*) − 1. Distances are true ones, never squared.",
    ),
    (
        "barycenter shift",
        "‖mean(*E*) − mean(*A*)‖/*r*, *r* the root mean square distance of *E* to its own barycenter.",
    ),
    (
        "LID",
        "Local intrinsic dimensionality by maximum likelihood, −[(1/(*k* − 1)) Σ ln(*d*_{i}_/*d*_{k}_)]⁻¹ over *i* < *k* (Levina & \
         Bickel 2004; Amsaleg et al. 2015). Zero distances are left out and counted.",
    ),
    (
        "required `ef`",
        "The smallest effort at which a query has visited all of its *k* true neighbors.",
    ),
    (
        "intervals",
        "95\u{202f}%, Student’s *t* over runs, cut off at 0. They hold for further runs on the same data source, not for other data.",
    ),
    (
        "visited",
        "Distances evaluated on the base layer per query, *V*(`ef`). Slots are empty where *k* exceeds it.",
    ),
];

/// Address, text, what it is the source of.
const SOURCES: [(&str, &str, &str); 4] = [
    (
        "https://doi.org/10.3390/jimaging12020055",
        "Cooper & Busch, Capacity-Limited Failure in Approximate Nearest Neighbor Search on Image Embedding Spaces. J. Imaging \
         2026, 12, 55",
        "the study carried out here",
    ),
    (
        "https://doi.org/10.1109/TPAMI.2018.2889473",
        "Malkov & Yashunin, Efficient and Robust Approximate Nearest Neighbor Search Using Hierarchical Navigable Small World \
         Graphs. IEEE TPAMI 2018",
        "the graph",
    ),
    (
        "https://papers.nips.cc/paper/2577-maximum-likelihood-estimation-of-intrinsic-dimension",
        "Levina & Bickel, Maximum Likelihood Estimation of Intrinsic Dimension. NIPS 2004",
        "LID",
    ),
    (
        "https://doi.org/10.1145/2783258.2783405",
        "Amsaleg et al., Estimating Local Intrinsic Dimensionality. KDD 2015",
        "LID",
    ),
];

/// Writes definitions and sources.
pub(crate) fn write(html: &mut Html) {
    html.section("definitions", "Definitions and sources", |html| {
        html.terms(
            "prose",
            &DEFINITIONS.map(|(term, meaning)| (term.to_owned(), meaning.to_owned())),
        );
        html.within("ul", "", |html| {
            for (address, text, of) in SOURCES {
                html.within("li", "", |html| {
                    html.anchor(address, text);
                    html.words(&format!(": {of}."));
                });
            }
        });
    });
}
