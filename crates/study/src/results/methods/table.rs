//! `methods.csv`: one line per run × method × codes × effort × k.

use super::MethodsRun;
use crate::results::StudyResults;
use std::fmt::Write;

const HEADER: &str = "run,method,codes,code_bytes,effort,k,fill,overlap,overlap_strict,relative_distance_error,barycenter_shift,lid_exact,\
                      lid_returned,lid_bias,skewness_exact,skewness,robin_hood_exact,robin_hood,displacement,evaluations,bytes\n";

/// The table; `None` where no study of methods was asked for.
pub fn csv(results: &StudyResults) -> Option<String> {
    let mut text = String::from(HEADER);
    for record in &results.runs {
        lines(&mut text, record.run, record.methods.as_ref()?);
    }
    Some(text)
}

fn lines(text: &mut String, run: usize, methods: &MethodsRun) {
    for curve in &methods.curves {
        let (method, codes, bytes) = (curve.method.name(), curve.codes.name(), curve.code_bytes);
        for point in &curve.points {
            let exact = methods.exact.iter().find(|exact| exact.k == point.k);
            let (skewness, robin_hood) = exact.map_or((f64::NAN, f64::NAN), |exact| {
                (exact.skewness, exact.robin_hood)
            });
            let values = [
                point.fill,
                point.overlap,
                point.overlap_strict,
                point.relative_distance_error,
                point.barycenter_shift,
                point.lid_exact,
                point.lid_returned,
                point.lid_bias(),
                skewness,
                point.skewness,
                robin_hood,
                point.robin_hood,
                point.displacement,
                point.evaluations,
                point.bytes,
            ];
            let (effort, k) = (point.effort, point.k);
            write!(text, "{run},{method},{codes},{bytes},{effort},{k}").expect("text grows");
            for value in values {
                if value.is_finite() {
                    write!(text, ",{value}").expect("text grows");
                } else {
                    text.push(',');
                }
            }
            text.push('\n');
        }
    }
}
