"""Makes `faiss.bits` and `hnswlib.bits`: distances of the engines' own code, per build, bit for bit.

Needs an x86-64 machine with AVX-512, faiss-cpu 1.15 and NumPy; the headers of hnswlib 0.8 in the folder given as the
first argument; and compilers, by default `g++-12`, `g++-14` and `clang++-16` (`GXX12`, `GXX14`, `CLANGXX` name others).

Both files are arrays of 32-bit little-endian words. For each build, in the order of the tables below: for each function,
for d = 1 .. 130, one word for each of four rows. hnswlib has three functions: L2, inner product, and the first value of
the row scaled to unit length. FAISS has four: L2 of one row, inner product of one row, L2 of four rows at once, inner
product of four rows at once.
"""

import ctypes
import os
import pathlib
import subprocess
import sys
import tempfile

import faiss
import numpy as np

HERE = pathlib.Path(__file__).parent
GXX12, GXX14 = os.environ.get("GXX12", "g++-12"), os.environ.get("GXX14", "g++-14")
CLANGXX = os.environ.get("CLANGXX", "clang++-16")
FAISS_LEVELS = [0, 1, 2]  # NONE, AVX2, AVX512
HNSWLIB_BUILDS = [
    ("plain", GXX12, ["-march=x86-64", "-DNO_MANUAL_VECTORIZATION"]),
    ("sse", GXX12, ["-march=x86-64"]),
    ("avx", GXX12, ["-march=ivybridge"]),
    ("avx2", GXX12, ["-march=haswell"]),
    ("avx2-zen", GXX12, ["-march=znver3"]),
    ("avx2-clang", CLANGXX, ["-march=haswell"]),
    ("avx512", GXX12, ["-march=skylake-avx512"]),
    ("avx512-spr", GXX14, ["-march=sapphirerapids"]),
    ("avx512-zen4", GXX14, ["-march=znver4"]),
    ("avx512-zen5", GXX14, ["-march=znver5"]),
    ("avx512-clang", CLANGXX, ["-march=skylake-avx512"]),
]
# As its setup.py compiles it; `normalize` is that of its bindings.cpp.
FLAGS = ["-O3", "-std=c++14", "-fwrapv", "-DNDEBUG", "-fvisibility=hidden", "-shared", "-fPIC"]
SOURCE = r"""
#include "hnswlib.h"
#include <cmath>
#define SHOWN extern "C" __attribute__((visibility("default")))
SHOWN float l2(const float* a, const float* b, size_t d) { return hnswlib::L2Space(d).get_dist_func()(a, b, &d); }
SHOWN float ip(const float* a, const float* b, size_t d) {
    return hnswlib::InnerProductSpace(d).get_dist_func()(a, b, &d);
}
struct Index {
    int dim;
    void normalize_vector(float* data, float* norm_array) {
        float norm = 0.0f;
        for (int i = 0; i < dim; i++)
            norm += data[i] * data[i];
        norm = 1.0f / (sqrtf(norm) + 1e-30f);
        for (int i = 0; i < dim; i++)
            norm_array[i] = data[i] * norm;
    }
};
SHOWN void normalize(float* data, float* out, size_t d) { Index{int(d)}.normalize_vector(data, out); }
"""


def rows(d):
    """A query and four rows: exact float32 values in -1 .. 1 out of integers, which the tests make alike."""
    numbers = np.arange(5 * d, dtype=np.uint64) + np.uint64(1000 * d)
    mixed = numbers * np.uint64(2654435761) % np.uint64(1 << 32)
    mixed = (mixed ^ (mixed >> np.uint64(15))) * np.uint64(2246822519) % np.uint64(1 << 32)
    values = (mixed >> np.uint64(8)).astype(np.float64) / (1 << 23) - 1
    return values.astype(np.float32).reshape(5, d)


def pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


def faiss_words(library, level):
    def function(name, signature, result):
        symbol = getattr(library, f"_ZN5faiss{len(name)}{name}ILNS_9SIMDLevelE{level}EEE{signature}")
        symbol.restype = result
        return symbol

    for batch in (False, True):
        for name in ("fvec_L2sqr", "fvec_inner_product"):
            for d in range(1, 131):
                query, *others = rows(d)
                size = ctypes.c_size_t(d)
                if batch:
                    four = np.empty(4, np.float32)
                    at_once = function(name + "_batch_4", "vPKfS3_S3_S3_S3_mRfS4_S4_S4_", None)
                    at_once(pointer(query), *map(pointer, others), size, *(pointer(four[i:]) for i in range(4)))
                    yield from four
                else:
                    one = function(name, "fPKfS3_m", ctypes.c_float)
                    yield from (one(pointer(query), pointer(row), size) for row in others)


def hnswlib_words(library):
    library.l2.restype = library.ip.restype = ctypes.c_float
    for function in (library.l2, library.ip):
        for d in range(1, 131):
            query, *others = rows(d)
            yield from (function(pointer(query), pointer(row), ctypes.c_size_t(d)) for row in others)
    for d in range(1, 131):
        for row in rows(d)[1:]:
            scaled = np.empty(d, np.float32)
            library.normalize(pointer(row), pointer(scaled), ctypes.c_size_t(d))
            yield scaled[0]


def compiled(folder, name, compiler, flags, headers):
    source, library = folder / "distances.cpp", folder / f"{name}.so"
    source.write_text(SOURCE)
    subprocess.run([compiler, *FLAGS, *flags, "-I", headers, str(source), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def main():
    library = ctypes.CDLL(str(pathlib.Path(faiss.__file__).parent / "libfaiss.so"))
    words = [word for level in FAISS_LEVELS for word in faiss_words(library, level)]
    np.array(words, "<f4").tofile(HERE / "faiss.bits")
    with tempfile.TemporaryDirectory() as folder:
        libraries = [compiled(pathlib.Path(folder), *build, sys.argv[1]) for build in HNSWLIB_BUILDS]
        words = [word for library in libraries for word in hnswlib_words(library)]
    np.array(words, "<f4").tofile(HERE / "hnswlib.bits")


main()
