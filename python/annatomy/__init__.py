"""See exactly where an HNSW search stops returning your nearest neighbors, why, and what effort gets them back.

The way through: :func:`exact_knn` gives the truth, :class:`Hnsw` a graph, :func:`surface` its fill and overlap at every
(ef, k) from one traversal a query, :func:`fidelity` every measure of any engine's answers, :func:`study` the published
protocol, :func:`audit` your own system. Distances are true distances (not squared), a query that is a row is left out by id, an empty slot is id -1.

>>> import annatomy as an, numpy as np
>>> X = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)
>>> ids, distances = an.exact_knn(X, 10)
>>> an.surface(X, an.Hnsw(X), efs=[10, 50], ks=[5, 10]).overlap.shape
(2, 2)
"""

from ._arrays import ConversionWarning
from ._audit import audit
from ._audited import Audit
from ._bridges import precomputed_knn
from ._compare import Comparison, compare
from ._core import version as _version
from ._fidelity import Fidelity, continuity, fidelity, trustworthiness
from ._frames import Figure, Table
from ._hnsw import Hnsw
from ._lid import lid, lid_estimators, lid_over_queries
from ._neighbors import exact_knn, subset
from ._partial import Partial, merge, partial_knn
from ._plan import plan_knn
from ._study import StudyResults, study
from ._surface import Surface, surface

__version__: str = _version()

__all__ = [
    "Audit",
    "Comparison",
    "ConversionWarning",
    "Fidelity",
    "Figure",
    "Hnsw",
    "Partial",
    "StudyResults",
    "Surface",
    "Table",
    "__version__",
    "audit",
    "compare",
    "continuity",
    "exact_knn",
    "fidelity",
    "lid",
    "lid_estimators",
    "lid_over_queries",
    "merge",
    "partial_knn",
    "plan_knn",
    "precomputed_knn",
    "study",
    "subset",
    "surface",
    "trustworthiness",
]
