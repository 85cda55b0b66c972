"""Small files made to harm, for `cargo xtask fuzz`: python3 fuzz/seeds/make.py makes them again.

Those of `pictures` and `pickles` were drawn by the tests of `annatomy-embed`. The targets `answers`, `vectors`, `config`,
`tables` and `archives` take an ending by the first byte; see their lists.
"""

import gzip
import hashlib
import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

HERE = Path(__file__).parent
VECTORS = ["npy", "npz", "fvecs", "bvecs", "fbin", "u8bin", "i8bin", "f16bin", "safetensors"]
ANSWERS = ["npy", "npz", "ivecs", "fvecs", "ibin", "fbin", "bin"]
TABLES = ["npy", "npz", "csv", "txt"]
ARCHIVES = ["zip", "tar", "tar.gz", "bin"]


def npy(descr: str, shape: str, values: bytes) -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def safetensors(header: bytes, values: bytes, claimed: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if claimed is None else claimed) + header + values


def index_id_maps(count: int) -> bytes:
    """FAISS maps within maps: code, d, ntotal, two dummies, is_trained, metric."""
    return b"".join(b"IxMp" + struct.pack("<iqqqBi", 8, 200, 1 << 20, 1 << 20, 1, 1) for _ in range(count))


def hnsw(levels: int) -> bytes:
    """A FAISS graph whose vectors claim more than the file holds."""
    head = b"IHNf" + struct.pack("<iqqqBi", 8, 3, 1 << 20, 1 << 20, 1, 1)
    return head + struct.pack("<Q", levels) + b"\0" * 16


def picture() -> bytes:
    """A PNG of one pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def zipped(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return packed.getvalue()


def tarred(names: list[str], form: int) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(picture())
            archive.addfile(member, io.BytesIO(picture()))
    return packed.getvalue()


def claimed(kind: bytes, size: int) -> bytes:
    """A tar archive whose first entry, a name, claims `size` bytes."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT) + b"a" * 512


def partial(distances: list[float], ids: list[int], k: int, rows: tuple[int, int], base: int, own: int = 0) -> bytes:
    """Partial exact neighbors of L2, their checksum at the end."""
    queries = len(ids) // min(k, max(len(ids), 1))
    head = struct.pack("<8Q", 0, k, queries, 4, own, *rows, base)
    body = b"annaknn\x01" + head + b"q" * 32 + b"b" * 32
    body += struct.pack(f"<{len(distances)}d", *distances) + struct.pack(f"<{len(ids)}I", *ids)
    return body + hashlib.sha256(body).digest()


def diskann(graph: bytes, data: bytes, metadata: bytes, flags: int = 1) -> bytes:
    """Files of a DiskANN index as its target takes them."""
    return struct.pack("<BII", flags, len(graph), len(data)) + graph + data + metadata


def nsg(links: int, r: int) -> bytes:
    """A FAISS NSG of 3 rows of 2 columns, node 0 with `links` links, before its vectors."""
    head = b"INSf" + struct.pack("<iqqqBi", 2, 3, 1 << 20, 1 << 20, 1, 1)
    build = struct.pack("<ib4i", 64, 0, 10, 10, 10, 10)
    graph = struct.pack("<6iB", 3, r, 40, 100, 16, 0, 1)
    return head + build + graph + struct.pack(f"<{links}i", *([1] * links)) + struct.pack("<3i", -1, -1, -1)


def write(target: str, name: str, content: bytes, ending: int | None = None) -> None:
    folder = HERE / target
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes((b"" if ending is None else bytes([ending])) + content)


def main() -> None:
    tables = [
        ("npy_claims_all", "npy", npy("<f4", "(4611686018427387904, 4)", b"\0" * 16)),
        ("npy_product_overflows", "npy", npy("<f4", "(4294967296, 4294967296)", b"")),
        ("npy_no_columns", "npy", npy("<f4", "(1000000000000, 0)", b"")),
        ("npy_many_dimensions", "npy", npy("<f4", "(" + "1, " * 2_000 + ")", b"\0" * 4)),
        ("npy_nested", "npy", npy("<f4", "(" * 3_000, b"")),
        ("npy_objects", "npy", npy("|O", "(2, 2)", b"\0" * 16)),
        ("fbin_claims_all", "fbin", struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF)),
        ("fbin_small", "fbin", struct.pack("<II4f", 2, 2, 1, 2, 3, 4)),
        ("fvecs_negative", "fvecs", struct.pack("<if", -1, 0)),
        ("fvecs_uneven", "fvecs", struct.pack("<ifi2f", 1, 0, 2, 0, 0)),
        ("fvecs_no_columns", "fvecs", struct.pack("<3i", 0, 0, 0)),
    ]
    for name, ending, content in tables:
        write("vectors", name, content, VECTORS.index(ending))
        write("answers", name, content, ANSWERS.index(ending))
    for name, content in [
        ("safetensors_header", safetensors(b"{}", b"", 1 << 60)),
        ("safetensors_offsets", safetensors(b'{"a":{"dtype":"F32","shape":[9,9],"data_offsets":[8,4]}}', b"\0" * 8)),
        ("safetensors_shape", safetensors(b'{"a":{"dtype":"F32","shape":[4294967296,4294967296,9],"data_offsets":[0,8]}}', b"\0" * 8)),
        ("safetensors_nested", safetensors(b"[" * 20_000, b"")),
    ]:
        write("vectors", name, content, VECTORS.index("safetensors"))
    write("answers", "bin_claims_all", struct.pack("<II", 0x7FFFFFFF, 0x7FFFFFFF), ANSWERS.index("bin"))
    write("answers", "ibin_sentinels", struct.pack("<II4i", 2, 2, -1, -1, 0x7FFFFFFF, -0x80000000), ANSWERS.index("ibin"))
    ids = npy("<i8", "(2, 2)", struct.pack("<4q", -1, 1 << 62, -(1 << 63), 0))
    write("answers", "npy_sentinels", ids, ANSWERS.index("npy"))
    write("answers", "npy_huge", npy("<u8", "(1, 1)", struct.pack("<Q", (1 << 64) - 1)), ANSWERS.index("npy"))
    write("saved_index", "nested_maps", index_id_maps(60))
    write("saved_index", "claims_all", hnsw((1 << 64) - 1))
    write("saved_index", "claims_some", hnsw(1 << 40))
    write("saved_index", "levels_to_the_sky", hnsw(65))
    write("methods", "nsg_of_too_many_links", nsg(5, 4))
    write("methods", "nsg_claims_all", nsg(2, 0x7FFFFFFF))
    small = struct.pack("<QIIQ", 56, 2, 0, 0) + struct.pack("<8I", 2, 1, 2, 1, 0, 2, 0, 1)
    rows = struct.pack("<II6f", 3, 2, 0, 0, 1, 0, 0, 1)
    for metric in range(3):
        write("diskann", f"float32_{metric}", diskann(small, rows, struct.pack("<4Q", 0, metric, 3, 2)))
    for kind in 1, 2:
        whole = struct.pack("<II", 3, 2) + bytes([1, 0, 200, 3, 127, 128])
        for metric in 0, 2:
            write("diskann", f"whole_{kind}_{metric}", diskann(small, whole, struct.pack("<4Q", kind, metric, 3, 2)))
    write("diskann", "of_the_programs", diskann(small, rows, b"", 2 + 4))
    claims = struct.pack("<QIIQI", 28, 0xFFFFFFFF, 0, 0, 0xFFFFFFFF)
    write("diskann", "node_claims_all", diskann(claims, rows, b"", 1 + 2 + 4))
    write("diskann", "rows_claim_all", diskann(small, struct.pack("<II", 3, 0xFFFFFFFF), b"", 2 + 4))
    for name, ending, content in [
        ("mask", "npy", npy("|b1", "(5,)", b"\1\0\1\1\0")),
        ("masks", "npy", npy("|u1", "(2, 3)", b"\1\0\1\1\0\0")),
        ("ids", "npy", npy("<i2", "(3,)", struct.pack("<3h", 7, -1, 0))),
        ("ids_of_queries", "npy", npy("<i8", "(2, 2)", struct.pack("<4q", 1, 2, 3, -1))),
        ("mask_of_nothing", "npy", npy("|b1", "(1000000000000, 0)", b"")),
        ("columns", "npz", zipped([
            ("query.npy", npy("<i8", "(2,)", struct.pack("<2q", 3, -1))),
            ("overlap.npy", npy("<f8", "(2,)", struct.pack("<2d", 0.5, float("nan")))),
            ("key.npy", npy("<U2", "(2,)", struct.pack("<4I", 97, 98, 0x10FFFF, 0))),
        ])),
        ("no_unicode", "npz", zipped([("key.npy", npy("<U1", "(1,)", struct.pack("<I", 0xD800)))])),
        ("no_width", "npz", zipped([("key.npy", npy("<U0", "(1000000000000,)", b""))])),
        ("swells", "npz", zipped([("x.npy", npy("<i8", "(1000000,)", bytes(8_000_000)))])),
        ("labels", "csv", b'name\n"a, ""b"""\nc\n'),
        ("two_columns", "csv", b"id,name\n1,b\n"),
        ("open_quote", "csv", b'name\n"a\nb\n'),
        ("lines", "txt", "one\n<script>\n\nzwölf".encode()),
        ("no_text", "txt", b"\xff\xfe\n"),
    ]:
        write("tables", name, content, TABLES.index(ending))
    names = ["a.png", "b/c.png", "a.png", "notes.md"]
    for name, ending, content in [
        ("plain.zip", "zip", zipped([(name, picture()) for name in dict.fromkeys(names)], zipfile.ZIP_STORED)),
        ("packed.zip", "zip", zipped([(name, picture()) for name in dict.fromkeys(names)])),
        ("swells.zip", "zip", zipped([("a.png", bytes(4_000_000))])),
        ("ustar.tar", "tar", tarred(names, tarfile.USTAR_FORMAT)),
        ("gnu.tar", "tar", tarred(["long/" * 40 + "a.png"], tarfile.GNU_FORMAT)),
        ("pax.tar", "tar", tarred(["läng/" * 40 + "a.png"], tarfile.PAX_FORMAT)),
        ("gnu_name_of_100_GB.tar", "tar", claimed(b"L", 10**11)),
        ("pax_name_of_100_GB.tar", "tar", claimed(b"x", 10**11)),
        ("pax.tar.gz", "tar.gz", gzip.compress(tarred(["läng/" * 40 + "a.png"], tarfile.PAX_FORMAT), mtime=0)),
        ("gnu_name_of_100_GB.tar.gz", "tar.gz", gzip.compress(claimed(b"L", 10**11), mtime=0)),
        ("cifar10.bin", "bin", bytes(3_073)),
        ("stl10.bin", "bin", bytes(27_648)),
    ]:
        write("archives", name, content, ARCHIVES.index(ending))
    for name, text in [
        ("runs.toml", "runs = 9223372036854775807\n"),
        ("conditions.toml", "ef_values = [" + ", ".join(str(value) for value in range(1, 400)) + "]\n"),
        ("nested.toml", "a = " + "[" * 2_000 + "\n"),
        ("all.toml", 'data = "x.npy"\nruns = 1\nsubset = 9\nseed = 1\nm = 4\nks = [1, 2]\nalpha_values = [0.5]\nstudies = ["efSearch_study"]\nmetric = "cosine"\npreset = "hnswlib"\nconventions = "published"\n'),
    ]:
        write("config", name, text.encode(), 0)
    unknown = (1 << 64) - 1
    for name, content in [
        ("two_of_ten", partial([0.5, 1.0, 0.0, 2.0], [3, 1, 0, 4], 2, (0, 5), 10)),
        ("no_base", partial([0.5, 1.0], [3, 4], 2, (3, 5), unknown)),
        ("short_range", partial([0.5], [7], 2, (7, 8), 10)),
        ("own_row", partial([0.5, 0.25], [1, 0], 1, (0, 2), 2, own=1)),
        ("descends", partial([1.0, 0.5], [3, 4], 2, (3, 5), 10)),
        ("claims_all", partial([], [], 1 << 62, (0, 1 << 31), unknown)),
    ]:
        write("partials", name, content, 1)
    laughs = "\n".join(f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]" if i else "a0: &a0 [lol, lol]" for i in range(12))
    for name, text in [
        ("laughs.yaml", laughs + "\n"),
        ("nested.yaml", "[" * 2_000 + "\n"),
        ("zero.yaml", "search: {ann: {parameters: {M: 0, efConstruction: 0}}}\nexperiment: {exp_runs: 0}\n"),
        ("study.yaml", "experiment: {base_seed: 42, exp_runs: 10}\ndata: {sample: {subset_size: 10000}}\nsearch: {ann: {parameters: {M: 32}}}\nevaluation: {k_values: '10:500:10'}\nef_search_study: {enabled: true, values: [25, 50]}\n"),
    ]:
        write("config", name, text.encode(), 1)


if __name__ == "__main__":
    main()
