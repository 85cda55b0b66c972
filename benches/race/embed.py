"""ResNet-50 embeddings, next to PyTorch and ONNX Runtime over the same pictures.

Ours decodes, enlarges and crops JPEG files within its time; the peers get prepared arrays, in the batch and layout that suit them
best of those tried, each in a process of its own that sleeps meanwhile. Weights are drawn, and loaded before anything is timed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

import numpy as np

from .record import Table, ratio_text
from .timing import PAUSE_SECONDS

PICTURES, ROUNDS = 256, 5
#: Peers, each with what it is tried with: pictures a batch, and the order of an array's axes.
SETTINGS = {
    "PyTorch": [(batch, order) for batch in (1, 8, 32) for order in ("NCHW", "NHWC")],
    "ONNX Runtime": [(batch, "NCHW") for batch in (1, 8, 32)],
}
MOST_APART = 1e-5


def run(command: str, threads: int) -> list[Table]:
    try:
        import onnx  # noqa: F401
        import onnxruntime
        import torch
    except ImportError as missing:
        sys.exit(f"the part embed needs {missing.name}: `cargo xtask bench embed` installs it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        ours = Ours(Path(command).parent / "examples" / "throughput", folder, threads)
        peers = [fastest(peer, folder, threads) for peer in SETTINGS]
        contestants: dict[str, Callable[[], float]] = {"annatomy": ours.round} | {peer.label: peer.round for peer in peers}
        seconds: dict[str, list[float]] = {label: [] for label in contestants}
        for first in range(ROUNDS):
            for label in [*contestants][first % len(contestants) :] + [*contestants][: first % len(contestants)]:
                time.sleep(PAUSE_SECONDS)
                seconds[label].append(contestants[label]())
        for peer in peers:
            peer.end()
        expected, found = np.load(folder / "expected.npy"), np.load(folder / "found.npy")
    apart = float((np.abs(found - expected).max(1) / np.linalg.norm(expected, axis=1)).max())
    assert apart <= MOST_APART, f"embeddings are {apart:.1e} of their norm from PyTorch's"
    table = Table(
        f"ResNet-50, {PICTURES} pictures, {ROUNDS} rounds in turn; PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}; "
        f"at most {apart:.0e} of the norm from PyTorch's",
        ["", "pictures a second, median (least–most)", "our rate over it, round by round"],
    )
    for label, of_label in seconds.items():
        rates = sorted(PICTURES / each for each in of_label)
        over = statistics.median(theirs / mine for mine, theirs in zip(seconds["annatomy"], of_label))
        table.add(label, f"{statistics.median(rates):.1f} ({rates[0]:.1f}–{rates[-1]:.1f})", ratio_text(over))
    return [table]


def network():
    import torch
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.resnet50(weights=None).eval()
    model.fc = torch.nn.Identity()
    return model


def prepare(folder: Path) -> None:
    """Pictures and their list, weights, an ONNX model, the prepared arrays, and what PyTorch makes of them."""
    import safetensors.torch
    import torch
    from PIL import Image
    from torchvision import transforms

    paths = [folder / f"{number:03}.jpg" for number in range(PICTURES)]
    random = np.random.default_rng(0)
    for path in paths:
        coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        coarse.resize((320, 240), Image.Resampling.BICUBIC).save(path, quality=90)
    (folder / "list.txt").write_text("".join(f"{path}\n" for path in paths))
    model = network()
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    safetensors.torch.save_file(weights, folder / "weights.safetensors")
    axes = {"input_names": ["image"], "output_names": ["features"], "dynamic_axes": {"image": {0: "n"}, "features": {0: "n"}}}
    torch.onnx.export(model, torch.zeros(1, 3, 224, 224), folder / "resnet50.onnx", dynamo=False, **axes)
    norm = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    steps = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), norm])
    images = torch.stack([steps(Image.open(path).convert("RGB")) for path in paths])
    np.save(folder / "images.npy", images.numpy())
    with torch.inference_mode():
        np.save(folder / "expected.npy", torch.cat([model(part) for part in images.split(8)]).numpy())


class Ours:
    """The example that times a job, without the reading of weights."""

    def __init__(self, program: Path, folder: Path, threads: int) -> None:
        files = [folder / name for name in ("weights.safetensors", "list.txt", "found.npy")]
        self.command = [str(each) for each in (program, *files, threads)]

    def round(self) -> float:
        said = subprocess.run(self.command, check=True, capture_output=True, text=True).stdout
        seconds, _, pictures, _ = json.loads(said.splitlines()[-1])
        assert pictures == PICTURES, said
        return float(seconds)


class Peer:
    """A process that answers every line with the seconds of one pass over the pictures."""

    def __init__(self, name: str, batch: int, order: str, folder: Path, threads: int) -> None:
        self.label = f"{name}, batch {batch}, {order}"
        command = [sys.executable, "-m", "race.embed", name, str(batch), order, str(folder), str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer()

    def answer(self) -> float:
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())

    def round(self) -> float:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self) -> None:
        self.process.communicate()


def fastest(name: str, folder: Path, threads: int) -> Peer:
    """Of a peer's settings the fastest, by the better of two passes; the others end."""
    peers = [Peer(name, batch, order, folder, threads) for batch, order in SETTINGS[name]]
    ranked = sorted(((min(peer.round(), peer.round()), place) for place, peer in enumerate(peers)))
    for _, place in ranked[1:]:
        peers[place].end()
    return peers[ranked[0][1]]


def answer(name: str, batch: int, order: str, folder: Path, threads: int) -> None:
    images = np.load(folder / "images.npy")
    parts = [np.ascontiguousarray(images[start : start + batch]) for start in range(0, len(images), batch)]
    if name == "PyTorch":
        import torch

        torch.set_num_threads(threads)
        layout = torch.channels_last if order == "NHWC" else torch.contiguous_format
        model = network().to(memory_format=layout)
        tensors = [torch.from_numpy(part).to(memory_format=layout) for part in parts]

        def one_pass() -> None:
            with torch.inference_mode():
                for tensor in tensors:
                    model(tensor)
    else:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(folder / "resnet50.onnx", options, providers=["CPUExecutionProvider"])

        def one_pass() -> None:
            for part in parts:
                session.run(None, {"image": part})

    while True:
        start = time.perf_counter()
        one_pass()
        print(time.perf_counter() - start, flush=True)
        if not sys.stdin.readline():
            return


if __name__ == "__main__":
    asked, of_batch, axes_order, where, of_threads = sys.argv[1:]
    answer(asked, int(of_batch), axes_order, Path(where), int(of_threads))
