//! Which arithmetic engines use on this machine.

use super::Arithmetic;
#[cfg(target_arch = "x86_64")]
use std::path::{Path, PathBuf};

/// The level that FAISS detects, in its own order (`simd_levels.cpp`).
pub(super) fn faiss() -> Arithmetic {
    #[cfg(target_arch = "x86_64")]
    {
        if has_avx512() {
            return Arithmetic::Avx512;
        }
        if is_x86_feature_detected!("avx2") {
            return Arithmetic::Avx2;
        }
    }
    Arithmetic::Sse
}

/// The kernels that usearch's NumKong chooses.
pub(super) fn usearch() -> Arithmetic {
    #[cfg(target_arch = "x86_64")]
    if has_avx512() {
        return if is_x86_feature_detected!("avx512bf16") {
            Arithmetic::Avx512Zen4
        } else {
            Arithmetic::Avx512
        };
    }
    Arithmetic::Avx2
}

/// What a compiler makes of hnswlib here with `-march=native`.
#[cfg(target_arch = "x86_64")]
pub(super) fn hnswlib() -> Arithmetic {
    let (avx512, fma) = (has_avx512(), is_x86_feature_detected!("fma"));
    if cfg!(target_os = "macos") {
        return match (avx512, fma) {
            (true, _) => Arithmetic::Avx512Clang,
            (false, true) => Arithmetic::Avx2Clang,
            (false, false) => Arithmetic::Sse,
        };
    }
    if avx512 {
        return tuned_for(Processor::here(), newest_gcc().unwrap_or(14));
    }
    match (fma, is_x86_feature_detected!("avx")) {
        (true, _) => match Processor::here() {
            Processor::Zen4 | Processor::Zen5 | Processor::Amd => Arithmetic::Avx2Zen,
            Processor::SapphireRapids | Processor::Other => Arithmetic::Avx2,
        },
        (false, true) => Arithmetic::Avx,
        (false, false) => Arithmetic::Sse,
    }
}

/// hnswlib has no vector code but for x86.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn hnswlib() -> Arithmetic {
    Arithmetic::Plain
}

/// Processors that GCC tunes for in ways that show in a sum.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Processor {
    /// AMD family 19h, of which only Zen 4 has AVX-512.
    Zen4,
    /// AMD family 1Ah.
    Zen5,
    /// Any other of AMD.
    Amd,
    /// Intel with AVX512-FP16.
    SapphireRapids,
    /// Any other.
    Other,
}

/// GCC `version` with AVX-512 for `processor` (`x86-tune.def`: `avoid_fma_chains` and its kin).
#[cfg(target_arch = "x86_64")]
fn tuned_for(processor: Processor, version: u32) -> Arithmetic {
    match processor {
        Processor::Zen5 if version >= 14 => Arithmetic::Avx512Zen5,
        Processor::Zen4 | Processor::Zen5 | Processor::Amd => Arithmetic::Avx512Zen4,
        Processor::SapphireRapids if version >= 13 => Arithmetic::Avx512Spr,
        Processor::SapphireRapids | Processor::Other => Arithmetic::Avx512,
    }
}

#[cfg(target_arch = "x86_64")]
impl Processor {
    fn here() -> Self {
        let cpu = raw_cpuid::CpuId::new();
        let is_amd = cpu
            .get_vendor_info()
            .is_some_and(|vendor| vendor.as_str() == "AuthenticAMD");
        let family = cpu.get_feature_info().map_or(0, |facts| facts.family_id());
        match (is_amd, family) {
            (true, 0x1a) => Self::Zen5,
            (true, 0x19) => Self::Zen4,
            (true, _) => Self::Amd,
            (false, _) if is_x86_feature_detected!("avx512fp16") => Self::SapphireRapids,
            (false, _) => Self::Other,
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
}

/// The newest GCC with a C++ compiler, by the folders that distributions keep it in.
#[cfg(target_arch = "x86_64")]
fn newest_gcc() -> Option<u32> {
    let mut newest = None;
    for root in ["/usr/lib/gcc", "/usr/libexec/gcc"] {
        for version in subfolders(Path::new(root))
            .iter()
            .flat_map(|target| subfolders(target))
        {
            let name = version.file_name().and_then(|name| name.to_str());
            let major = name.and_then(|name| name.split('.').next()?.parse().ok());
            if version.join("cc1plus").exists() {
                newest = newest.max(major);
            }
        }
    }
    newest
}

#[cfg(target_arch = "x86_64")]
fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.flatten().map(|entry| entry.path()).collect()
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn the_tuning_follows_the_processor_and_the_compiler() {
        use Processor::{Other, SapphireRapids, Zen4, Zen5};
        let cases = [
            (Zen5, 12, Arithmetic::Avx512Zen4),
            (Zen5, 14, Arithmetic::Avx512Zen5),
            (Zen4, 12, Arithmetic::Avx512Zen4),
            (Zen4, 14, Arithmetic::Avx512Zen4),
            (SapphireRapids, 12, Arithmetic::Avx512),
            (SapphireRapids, 14, Arithmetic::Avx512Spr),
            (Other, 14, Arithmetic::Avx512),
        ];
        for (processor, version, expected) in cases {
            assert_eq!(
                tuned_for(processor, version),
                expected,
                "{processor:?}, GCC {version}"
            );
        }
    }
}
