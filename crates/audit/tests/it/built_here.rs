//! Audits on one small graph that is built here.

use annatomy_audit::{AuditOutcome, AuditRequest, Given, GraphRequest, audit_given};
use annatomy_vectors::Matrix;

/// k of 5 and 20 on one graph of M = 4.
pub(crate) fn request() -> AuditRequest {
    AuditRequest {
        ks: Some(vec![5, 20]),
        graphs: GraphRequest {
            m: 4,
            ef_construction: 30,
            count: 1,
            ..GraphRequest::default()
        },
        seed: 7,
        threads: 2,
        ..AuditRequest::default()
    }
}

/// The audit of `rows` alone.
pub(crate) fn audited(rows: &Matrix, request: &AuditRequest) -> AuditOutcome {
    let given = Given {
        rows: Some(rows.view()),
        ..Given::default()
    };
    audit_given(request, given).expect("an audit")
}
