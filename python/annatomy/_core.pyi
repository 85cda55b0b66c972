"""The compiled half; the Python half beside it documents every function."""

from typing import Any, Callable, Optional, TypedDict, Union

import numpy as np
import numpy.typing as npt

_Float32 = npt.NDArray[np.float32]
_Stored = Union[_Float32, npt.NDArray[np.float16]]
_Float64 = npt.NDArray[np.float64]
_Int64 = npt.NDArray[np.int64]
_Neighbors = tuple[_Int64, _Float32]
_Base = tuple[int, bytes]
_Facts = tuple[int, int, float, bool, bytes, bytes]
_Slots = Union[_Int64, npt.NDArray[np.uint64], tuple[int, list[Optional[str]]]]
_Ids = Union[_Int64, npt.NDArray[np.uint64], list[Optional[str]]]

class _Surface(TypedDict):
    svg: Optional[str]
    fill: _Float64
    overlap: _Float64
    visited: _Float64
    required_ef: _Float64
    tied: _Int64

class _WantedSurface(TypedDict):
    efs: list[int]
    ks: list[int]
    engine: str
    threads: int
    budget_bytes: int

class _Fidelity(TypedDict):
    corrected: dict[str, _Float64]
    published: dict[str, _Float64]
    figures: dict[str, list[float]]

class _Live(TypedDict):
    metric: Optional[str]
    engine: Optional[str]
    ef_search: Optional[int]
    arithmetic: Optional[str]
    probe: Optional[tuple[_Float32, _Int64, _Float32]]

class _Wanted(TypedDict):
    name: str
    ks: Optional[list[int]]
    targets: list[str]
    efs: list[int]
    sample: Optional[int]
    numbers: Optional[list[int]]
    seed: int
    metric: Optional[str]
    preset: str
    m: int
    ef_construction: int
    graphs: int
    predictions: list[tuple[int, int, str]]
    repair: bool
    threads: int
    budget_bytes: int

class _Shown(TypedDict):
    labels: Optional[list[str]]
    images: Optional[str]
    image_names: Optional[list[str]]
    page_megabytes: int

class _Kept(TypedDict):
    folder: str
    resume: bool

class Ids:
    def __new__(
        cls,
        integers: Optional[_Int64],
        unsigned: Optional[npt.NDArray[np.uint64]],
        texts: Optional[list[str]],
    ) -> Ids: ...
    def __len__(self) -> int: ...
    def rows(self, slots: _Slots) -> _Int64: ...

class AuditResults:
    def json(self) -> str: ...
    def notes(self) -> list[str]: ...
    def verdict(self) -> str: ...
    def figures(self) -> list[tuple[str, str, str, str]]: ...
    def report(self, shown: _Shown) -> str: ...
    def junit(self) -> str: ...
    def write(self, folder: str, shown: _Shown) -> None: ...
    def map(self) -> Optional[_Float32]: ...
    def atlas(self, path: str, texts: list[str]) -> int: ...
    def predictions(self) -> list[_Ids]: ...
    def per_query(self) -> list[tuple[str, object]]: ...
    def repaired(self) -> Optional[tuple[tuple[_Ids, _Float32], int]]: ...

class Hnsw:
    def __new__(
        cls,
        rows: _Stored,
        m: int,
        ef_construction: int,
        seed: int,
        preset: str,
        metric: str,
        threads: int,
        budget_bytes: int,
        progress: Optional[Callable[[str, int, int], None]],
    ) -> Hnsw: ...
    @staticmethod
    def of_segments(segments: list[Hnsw], rows: _Float32) -> Hnsw: ...
    @staticmethod
    def of_engine(saved: list[npt.NDArray[np.uint8]], rows: Optional[_Float32], live: _Live) -> Hnsw: ...
    @property
    def deleted_rows(self) -> int: ...
    @property
    def rows(self) -> _Stored: ...
    @property
    def labels(self) -> Optional[_Int64]: ...
    @property
    def facts(self) -> tuple[int, int, Optional[int], str, str, str, Optional[str]]: ...
    @property
    def entry_point(self) -> Optional[int]: ...
    @property
    def layer_sizes(self) -> list[int]: ...
    def search(
        self,
        queries: Optional[_Float32],
        k: int,
        ef: int,
        engine: str,
        threads: int,
        progress: Optional[Callable[[str, int, int], None]],
    ) -> _Neighbors: ...
    def surface_part(
        self,
        queries: Optional[_Float32],
        part: tuple[int, int],
        wanted: _WantedSurface,
        progress: Optional[Callable[[str, int, int], None]],
    ) -> SurfacePart: ...
    def surface_is_tabled(self, k: int, budget_bytes: int) -> bool: ...
    @staticmethod
    def of_bytes(
        bytes: npt.NDArray[np.uint8], rows: _Stored, labels: Optional[list[int]], deleted: list[int]
    ) -> Hnsw: ...
    def links(self, node: int, level: int) -> list[int]: ...
    def reachable(self) -> npt.NDArray[np.bool_]: ...

class SurfacePart:
    @staticmethod
    def from_bytes(bytes: bytes) -> SurfacePart: ...
    def to_bytes(self) -> bytes: ...
    @property
    def queries(self) -> int: ...
    @property
    def engine(self) -> str: ...
    @property
    def follows_a_queue(self) -> bool: ...
    def notes(self) -> list[str]: ...
    def merge(self, other: SurfacePart) -> SurfacePart: ...
    def finish(self) -> _Surface: ...

class HnswRs:
    def __new__(cls, rows: _Float32, m: int, ef_construction: int) -> HnswRs: ...
    @staticmethod
    def version() -> str: ...
    def search(self, queries: _Float32, k: int, ef: int, threads: int) -> _Int64: ...

class StudyResults:
    def csv(self) -> str: ...
    def summary(self) -> str: ...
    def figures(self) -> list[tuple[str, str, str, str]]: ...
    def report(self) -> str: ...
    def write(self, folder: str) -> None: ...

class SavedMethod:
    def __new__(cls, saved: npt.NDArray[np.uint8], ef_search: Optional[int] = None) -> SavedMethod: ...
    @staticmethod
    def read(path: str, metric: Optional[str] = None) -> SavedMethod: ...
    def shape(self) -> tuple[int, int]: ...

def audit_default_ks() -> list[int]: ...
class Comparison:
    def json(self) -> str: ...
    def words(self) -> str: ...
    def write(self, folder: str) -> None: ...

def compare(a: str, b: str) -> Comparison: ...
def audit_queries(wanted: _Wanted, population: int) -> list[int]: ...
def audit(
    rows: Optional[_Float32],
    queries: Optional[_Float32],
    index: Optional[Hnsw],
    neighbors: Optional[_Slots],
    distances: Optional[_Float32],
    ids: Optional[Ids],
    groups: Optional[list[str]],
    mask: object,
    allowed_ids: Optional[_Slots],
    wanted: _Wanted,
    elsewhere: Optional[tuple[list[_Facts], Callable[[_Int64], _Float32]]],
    exact: Optional[Callable[[_Float32, int, str, bool], _Int64]],
    progress: Optional[Callable[..., None]],
) -> AuditResults: ...
def shard_facts(rows: _Float32, metric: str) -> _Facts: ...
def scaled_rows(rows: _Float32) -> _Float32: ...
def tick(name: str, done: int, total: int) -> None: ...
def audit_method(
    rows: Optional[_Float32],
    queries: Optional[_Float32],
    method: SavedMethod,
    ids: Optional[Ids],
    groups: Optional[list[str]],
    arithmetic: Optional[str],
    wanted: _Wanted,
    progress: Optional[Callable[..., None]],
) -> AuditResults: ...
def exact_knn(
    rows: _Float32,
    queries: Optional[_Float32],
    k: int,
    metric: str,
    threads: int,
    budget_bytes: int,
    progress: Optional[Callable[[str, int, int], None]],
) -> _Neighbors: ...

def settle(
    rows: _Float32,
    queries: _Float32,
    own: Optional[list[int]],
    candidates: npt.NDArray[np.uint32],
    beyond: list[float],
    k: int,
    metric: str,
    threads: int,
) -> tuple[_Int64, _Float32, npt.NDArray[np.bool_]]: ...

class Partial:
    @staticmethod
    def from_bytes(bytes: bytes) -> Partial: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def read(path: str) -> Partial: ...
    def write(self, path: str) -> None: ...
    @property
    def facts(self) -> tuple[int, int, int, int, int, str, bool]: ...
    @property
    def base(self) -> Optional[_Base]: ...
    @property
    def queries_checksum(self) -> bytes: ...
    def numbered(self, first: int, base: Optional[_Base]) -> Partial: ...
    def merge(self, next: Partial) -> Partial: ...
    def finish(self) -> _Neighbors: ...

def merge_order(partials: list[Partial]) -> list[int]: ...
def merge_order_of_files(paths: list[str]) -> list[int]: ...
def partial_of_rows(
    rows: _Float32,
    queries: Optional[_Float32],
    part: tuple[int, int],
    k: int,
    metric: str,
    base: Optional[_Base],
    threads: int,
    budget_bytes: int,
    progress: Optional[Callable[[str, int, int], None]],
) -> Partial: ...
def partial_of_file(
    path: str,
    queries: Optional[_Float32],
    part: Optional[tuple[int, int]],
    k: int,
    metric: str,
    is_base: bool,
    threads: int,
    budget_bytes: int,
    progress: Optional[Callable[[str, int, int], None]],
) -> Partial: ...
def plan_of_file(
    path: str,
    queries: Optional[_Float32],
    k: int,
    nodes: list[int],
    metric: str,
    threads: int,
    budget_bytes: int,
) -> list[tuple[int, int, float, int, int]]: ...
def file_facts(path: str) -> tuple[int, int, bytes]: ...
def read_rows(path: str, start: int, end: int) -> _Float32: ...
def read_queries(path: str) -> _Float32: ...
def checksum_of_array(rows: _Float32) -> bytes: ...
def checksum_of_queries(queries: _Float32) -> bytes: ...
def subset(n: int, size: int, seed: int) -> _Int64: ...
def fidelity(
    rows: _Float32,
    queries: Optional[_Float32],
    exact: _Int64,
    returned: _Int64,
    ks: list[int],
    metric: str,
    threads: int,
) -> _Fidelity: ...
def trustworthiness(rows: _Float32, returned: _Int64, k: int, metric: str, threads: int) -> float: ...
def lid(distances: _Float32, estimator: str) -> _Float64: ...
def lid_estimators() -> list[str]: ...
def lid_over_queries(estimates: list[float], estimator: str) -> float: ...
def study_defaults() -> str: ...
def study_config(path: str) -> str: ...
def study_config_notes(path: str, settings: str) -> list[str]: ...
def study(
    rows: Optional[_Float32],
    settings: str,
    kept: Optional[_Kept],
    threads: int,
    budget_bytes: int,
    elsewhere: Optional[Callable[[Any], Optional[bytes]]],
    progress: Optional[Callable[[str, int, int], None]],
) -> StudyResults: ...
def study_run(
    rows: Optional[_Float32], settings: str, run: int, threads: int, budget_bytes: int
) -> bytes: ...
def version() -> str: ...
def instructions() -> str: ...
