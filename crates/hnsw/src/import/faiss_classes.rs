//! The classes behind the four-letter codes of FAISS files (`impl/index_read.cpp`, 1.5 to 1.15).

/// The class whose files begin with `code`.
pub(super) fn class_of(code: &[u8; 4]) -> Option<&'static str> {
    let found = CLASSES.iter().find(|(known, _)| *known == code);
    found.map(|(_, class)| *class)
}

/// What a message calls an index that begins with `code`.
pub fn name_of(code: &[u8; 4]) -> String {
    match class_of(code) {
        Some(class) => format!("the FAISS class {class}"),
        None => format!(
            "the FAISS class of code {:?}",
            String::from_utf8_lossy(code)
        ),
    }
}

const CLASSES: &[(&[u8; 4], &str)] = &[
    (b"IxFI", "IndexFlatIP"),
    (b"IxF2", "IndexFlatL2"),
    (b"IxFl", "IndexFlat"),
    (b"IxFP", "IndexFlatL2Panorama"),
    (b"IxFp", "IndexFlatIPPanorama"),
    (b"IxHE", "IndexLSH"),
    (b"IxHe", "IndexLSH"),
    (b"IxPQ", "IndexPQ"),
    (b"IxPo", "IndexPQ"),
    (b"IxPq", "IndexPQ"),
    (b"IxRQ", "IndexResidualQuantizer"),
    (b"IxRq", "IndexResidualQuantizer"),
    (b"IxLS", "IndexLocalSearchQuantizer"),
    (b"IxPR", "IndexProductResidualQuantizer"),
    (b"IxPL", "IndexProductLocalSearchQuantizer"),
    (b"ImRQ", "ResidualCoarseQuantizer"),
    (b"Imiq", "MultiIndexQuantizer"),
    (b"ILfs", "IndexLocalSearchQuantizerFastScan"),
    (b"IRfs", "IndexResidualQuantizerFastScan"),
    (b"IPLf", "IndexProductLocalSearchQuantizerFastScan"),
    (b"IPRf", "IndexProductResidualQuantizerFastScan"),
    (b"IPfs", "IndexPQFastScan"),
    (b"IxSQ", "IndexScalarQuantizer"),
    (b"IxLa", "IndexLattice"),
    (b"Ix2L", "Index2Layer"),
    (b"IxPT", "IndexPreTransform"),
    (b"IxRF", "IndexRefine"),
    (b"IxRP", "IndexRefinePanorama"),
    (b"IxMp", "IndexIDMap"),
    (b"IxM2", "IndexIDMap2"),
    (b"IxEd", "IndexEDEN"),
    (b"IxEe", "IndexEDEN"),
    (b"Ixrq", "IndexRaBitQ"),
    (b"Ixrr", "IndexRaBitQ"),
    (b"Irfn", "IndexRaBitQFastScan"),
    (b"Irfs", "IndexRaBitQFastScan"),
    (b"IRMf", "IndexRowwiseMinMax"),
    (b"IRMh", "IndexRowwiseMinMaxFP16"),
    (b"IvFl", "IndexIVFFlat"),
    (b"IvFL", "IndexIVFFlat"),
    (b"IwFl", "IndexIVFFlat"),
    (b"IwFd", "IndexIVFFlatDedup"),
    (b"IwPn", "IndexIVFFlatPanorama"),
    (b"IwP2", "IndexIVFFlatPanorama"),
    (b"IvSQ", "IndexIVFScalarQuantizer"),
    (b"IwSQ", "IndexIVFScalarQuantizer"),
    (b"IwSq", "IndexIVFScalarQuantizer"),
    (b"IvPQ", "IndexIVFPQ"),
    (b"IwPQ", "IndexIVFPQ"),
    (b"IvQR", "IndexIVFPQR"),
    (b"IwQR", "IndexIVFPQR"),
    (b"IwPf", "IndexIVFPQFastScan"),
    (b"IwSh", "IndexIVFSpectralHash"),
    (b"IwIQ", "IndexIVFIndependentQuantizer"),
    (b"IwLS", "IndexIVFLocalSearchQuantizer"),
    (b"IwRQ", "IndexIVFResidualQuantizer"),
    (b"IwPL", "IndexIVFProductLocalSearchQuantizer"),
    (b"IwPR", "IndexIVFProductResidualQuantizer"),
    (b"IVLf", "IndexIVFLocalSearchQuantizerFastScan"),
    (b"IVRf", "IndexIVFResidualQuantizerFastScan"),
    (b"NPLf", "IndexIVFProductLocalSearchQuantizerFastScan"),
    (b"NPRf", "IndexIVFProductResidualQuantizerFastScan"),
    (b"IwEd", "IndexIVFEDEN"),
    (b"IwEe", "IndexIVFEDEN"),
    (b"Iwrq", "IndexIVFRaBitQ"),
    (b"Iwrr", "IndexIVFRaBitQ"),
    (b"Iwrn", "IndexIVFRaBitQFastScan"),
    (b"Iwrf", "IndexIVFRaBitQFastScan"),
    (b"IH00", "IndexHNSW"),
    (b"IHNf", "IndexHNSWFlat"),
    (b"IHfP", "IndexHNSWFlatPanorama"),
    (b"IHNp", "IndexHNSWPQ"),
    (b"IHNs", "IndexHNSWSQ"),
    (b"IHN2", "IndexHNSW2Level"),
    (b"IHNc", "IndexHNSWCagra"),
    (b"IHc2", "IndexHNSWCagra"),
    (b"INSf", "IndexNSGFlat"),
    (b"INSp", "IndexNSGPQ"),
    (b"INSs", "IndexNSGSQ"),
    (b"INNf", "IndexNNDescentFlat"),
    (b"ILVQ", "IndexSVSVamanaLVQ"),
    (b"ISVL", "IndexSVSVamanaLeanVec"),
    (b"ISVD", "IndexSVSVamana"),
    (b"ISV2", "IndexSVSVamana"),
    (b"ISVF", "IndexSVSFlat"),
    (b"ISIQ", "IndexSVSIVFLVQ"),
    (b"ISIL", "IndexSVSIVFLeanVec"),
    (b"ISID", "IndexSVSIVF"),
    (b"IBxF", "IndexBinaryFlat"),
    (b"IBwF", "IndexBinaryIVF"),
    (b"IBFf", "IndexBinaryFromFloat"),
    (b"IBHf", "IndexBinaryHNSW"),
    (b"IBHc", "IndexBinaryHNSWCagra"),
    (b"IBMp", "IndexBinaryIDMap"),
    (b"IBM2", "IndexBinaryIDMap2"),
    (b"IBHh", "IndexBinaryHash"),
    (b"IBHm", "IndexBinaryMultiHash"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_have_their_class() {
        for (place, (code, _)) in CLASSES.iter().enumerate() {
            let first = CLASSES.iter().position(|(other, _)| other == code);
            assert_eq!(first, Some(place), "{}", String::from_utf8_lossy(*code));
        }
        assert_eq!(class_of(b"IxPT"), Some("IndexPreTransform"));
        assert_eq!(class_of(b"IHNs"), Some("IndexHNSWSQ"));
        assert_eq!(name_of(b"Izzz"), "the FAISS class of code \"Izzz\"");
    }
}
