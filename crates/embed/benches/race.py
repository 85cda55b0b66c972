"""ResNet-50 embeddings per second: this crate beside PyTorch and ONNX Runtime, on the same pictures, in alternation.

    python crates/embed/benches/race.py IMAGES [--rounds 7] [--count 64] [--threads 2]

Needs torch, torchvision, onnx, onnxruntime, safetensors, and cargo. Prints a table of medians for benches/record/.

Each contestant is timed over the same COUNT pictures per round, the order turning from round to round, every peer in a process of
its own that sleeps meanwhile. **Ours decodes, resizes and crops the JPEG files within its time; the peers get prepared arrays**, in the
batch that suits them best of those tried. CPU seconds stand beside wall seconds, because other work on the machine takes wall time.
It fails where the embeddings differ by more than 1e-4 of their norm.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

WORKSPACE = pathlib.Path(__file__).resolve().parents[3]
PEERS = {
    "PyTorch": [("torch", batch, layout) for batch in (1, 8, 32) for layout in ("channels first", "channels last")],
    "ONNX Runtime": [("onnxruntime", batch, "channels first") for batch in (1, 8, 32)],
}


def network():
    import torch
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.resnet50(weights=None).eval()
    model.fc = torch.nn.Identity()
    return model


def prepare(folder, paths):
    """Weights, ONNX model, prepared arrays, the list of pictures, and what PyTorch makes of them."""
    import numpy as np
    import safetensors.torch
    import torch
    from PIL import Image
    from torchvision import transforms

    model = network()
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    safetensors.torch.save_file(weights, folder / "weights.safetensors")
    names = {"input_names": ["image"], "output_names": ["features"], "dynamic_axes": {"image": {0: "n"}, "features": {0: "n"}}}
    torch.onnx.export(model, torch.zeros(1, 3, 224, 224), folder / "resnet50.onnx", dynamo=False, **names)
    norm = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    steps = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), norm])
    images = torch.stack([steps(Image.open(path).convert("RGB")) for path in paths])
    np.save(folder / "images.npy", images.numpy())
    with torch.inference_mode():
        np.save(folder / "expected.npy", torch.cat([model(part) for part in images.split(8)]).numpy())
    (folder / "list.txt").write_text("".join(f"{path.resolve()}\n" for path in paths))


def peer(kind, batch, layout, folder, threads):
    """Answers every line on stdin with the seconds of one pass over the pictures."""
    import numpy as np

    images = np.load(folder / "images.npy")
    parts = [np.ascontiguousarray(images[start : start + batch]) for start in range(0, len(images), batch)]
    if kind == "torch":
        import torch

        torch.set_num_threads(threads)
        order = torch.channels_last if layout == "channels last" else torch.contiguous_format
        model = network().to(memory_format=order)
        parts = [torch.from_numpy(part).to(memory_format=order) for part in parts]

        def go():
            with torch.inference_mode():
                [model(part) for part in parts]
    else:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(folder / "resnet50.onnx", options, providers=["CPUExecutionProvider"])

        def go():
            [session.run(None, {"image": part}) for part in parts]

    go()
    print("ready", flush=True)
    for _ in sys.stdin:
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        go()
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps([seconds, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime]), flush=True)


class Peer:
    def __init__(self, name, kind, batch, layout, folder, threads):
        self.name, self.label = name, f"{name}, batch {batch}" + (", channels last" if layout == "channels last" else "")
        command = [sys.executable, __file__, "--peer", kind, str(batch), layout, str(folder), str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n", self.label

    def round(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Ours:
    def __init__(self, label, model, folder, threads):
        self.name = self.label = label
        program = WORKSPACE / "target/release/examples/throughput"
        self.command = [program, model, folder / "list.txt", folder / f"{label}.npy", str(threads)]

    def round(self):
        said = subprocess.run(self.command, check=True, capture_output=True, text=True).stdout
        return json.loads(said.splitlines()[-1])[:2]

    def end(self):
        pass


def check(folder, label):
    import numpy as np

    expected, found = np.load(folder / "expected.npy"), np.load(folder / f"{label}.npy")
    worst = (np.abs(found - expected).max(1) / np.linalg.norm(expected, axis=1)).max()
    print(f"{label}: largest |Δ| over the norm {worst:.1e}")
    assert worst <= 1e-4, label


def best(contestants):
    """Of each peer's settings the fastest of two passes; the others end."""
    chosen = []
    for name in dict.fromkeys(contestant.name for contestant in contestants):
        own = [contestant for contestant in contestants if contestant.name == name]
        times = {contestant.label: min(contestant.round()[0] for _ in range(2)) for contestant in own} if len(own) > 1 else {}
        fastest = min(own, key=lambda contestant: times.get(contestant.label, 0))
        chosen.append(fastest)
        [contestant.end() for contestant in own if contestant is not fastest]
    return chosen


def race(arguments):
    paths = sorted(path for path in arguments.images.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))[: arguments.count]
    build = ["cargo", "build", "--release", "--package", "annatomy-embed", "--example", "throughput", "--features", "onnx"]
    subprocess.run(build, check=True, cwd=WORKSPACE)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        prepare(folder, paths)
        common = folder, arguments.threads
        contestants = [Ours("annatomy", folder / "weights.safetensors", *common), Ours("annatomy, rten", folder / "resnet50.onnx", *common)]
        contestants += [Peer(name, *setting, *common) for name, settings in PEERS.items() for setting in settings]
        contestants = best(contestants)
        rounds = []
        for number in range(arguments.rounds):
            turned = contestants[number % len(contestants) :] + contestants[: number % len(contestants)]
            rounds.append({contestant.label: contestant.round() for contestant in turned})
            print(f"round {number + 1}, load {os.getloadavg()[0]:.1f}", {k: round(v[0], 2) for k, v in rounds[-1].items()}, flush=True)
        [contestant.end() for contestant in contestants]
        [check(folder, label) for label in ("annatomy", "annatomy, rten")]
    table(rounds, len(paths))


def table(rounds, count):
    print("\n| | images/s, median (least – most) | our rate over it, median (least – most) | images per CPU second | our rate over it |")
    print("|---|---|---|---|---|")

    def spread(values, digits):
        values = sorted(values)
        return f"{statistics.median(values):.{digits}f} ({values[0]:.{digits}f} – {values[-1]:.{digits}f})"

    for label in rounds[0]:
        rates = [[count / measured[label][part] for measured in rounds] for part in (0, 1)]
        ratios = [[measured[label][part] / measured["annatomy"][part] for measured in rounds] for part in (0, 1)]
        cells = [spread(rates[0], 1), spread(ratios[0], 2), spread(rates[1], 1), f"{statistics.median(ratios[1]):.2f}"]
        print(f"| {label} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        kind, batch, layout, folder, threads = sys.argv[2:]
        peer(kind, int(batch), layout, pathlib.Path(folder), int(threads))
    else:
        parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
        parser.add_argument("images", type=pathlib.Path)
        parser.add_argument("--rounds", type=int, default=7)
        parser.add_argument("--count", type=int, default=64)
        parser.add_argument("--threads", type=int, default=2)
        race(parser.parse_args())
