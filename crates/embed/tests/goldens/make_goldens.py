"""Writes the reference values into this folder: Pillow's pixels, torchvision's crops and embeddings, a file of torch.save.

Needs numpy, pillow, torch, torchvision, safetensors; opencv-python-headless for the subsamplings that Pillow does not write.
What a reviewer should expect: digests change only when a picture does; embeddings change in their last digits with PyTorch's version.
"""

import hashlib
import pathlib
import struct
import zlib

import cv2
import numpy as np
import safetensors.torch
import torch
import torchvision
from PIL import Image, ImageOps
from torchvision import transforms

HERE = pathlib.Path(__file__).parent
PICTURES = HERE / "pictures"
DRAWN_SIZES = [(224, 224), (96, 96), (300, 201), (61, 397), (1000, 700), (5, 3)]
EMBEDDED_SIZES = [(300, 201), (61, 97), (96, 96)]


def drawn_picture(width, height):
    y, x = np.mgrid[0:height, 0:width]
    values = [x * 7 + y * 3 + (x * y) // 16, x * 2 + y * 5 + 90, (x // 8 + y // 8) % 2 * 120 + x]
    return Image.fromarray((np.stack(values, -1) & 255).astype(np.uint8))


def drawn(name, count):
    """FNV-1a of the name seeds SplitMix64; the 24 upper bits make a number in [-1, 1)."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & (2**64 - 1)
    with np.errstate(over="ignore"):
        state = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return (state >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)


def drawn_weight(name, shape):
    values = drawn(name, int(np.prod(shape))).reshape(shape)
    half = np.float32(0.5)
    if len(shape) == 4:
        return values * np.float32(np.sqrt(6.0 / np.prod(shape[1:])))
    if name.endswith(("running_mean", "bias")):
        return values * np.float32(0.1)
    scale = np.float32(0.25 if name.endswith("bn3.weight") else 1)
    return scale * (np.float32(1) + half * values)


def drawn_network():
    network = torchvision.models.resnet50(weights=None).eval()
    network.fc = torch.nn.Identity()
    weights = network.state_dict()
    for name, value in weights.items():
        if value.dtype == torch.float32:
            weights[name] = torch.from_numpy(drawn_weight(name, value.shape))
    network.load_state_dict(weights)
    return network


def png_16(path, values, color_type):
    """16-bit PNG of any color type, which Pillow reads and does not write."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


def write_pictures():
    PICTURES.mkdir(exist_ok=True)
    picture = drawn_picture(45, 35)
    alpha = picture.getchannel(0)
    transparent, gray, gray_alpha = picture.copy(), picture.convert("L"), picture.convert("L")
    transparent.putalpha(alpha)
    gray_alpha.putalpha(alpha)
    picture.save(PICTURES / "rgb.png")
    picture.save(PICTURES / "rgb.bmp")
    picture.save(PICTURES / "lossy.webp", quality=80)
    picture.save(PICTURES / "lossless.webp", lossless=True)
    gray.save(PICTURES / "gray.png")
    gray.save(PICTURES / "gray.jpg")
    transparent.save(PICTURES / "alpha.png")
    transparent.save(PICTURES / "alpha.webp")
    gray_alpha.save(PICTURES / "gray_alpha.png")
    picture.convert("P").save(PICTURES / "palette.png")
    picture.quantize(8).save(PICTURES / "palette_4.png", bits=4)
    picture.convert("P").save(PICTURES / "palette.bmp")
    picture.convert("1").save(PICTURES / "one_bit.png")
    random = np.random.default_rng(0)
    Image.fromarray((np.arange(45 * 35).reshape(35, 45) * 9).astype(np.uint16)).save(PICTURES / "gray_16.png")
    png_16(PICTURES / "rgb_16.png", random.integers(0, 65536, (5, 9, 3)), 2)
    png_16(PICTURES / "alpha_16.png", random.integers(0, 65536, (5, 9, 4)), 6)
    png_16(PICTURES / "gray_alpha_16.png", random.integers(0, 65536, (5, 9, 2)), 4)
    for subsampling in (0, 1, 2):
        picture.save(PICTURES / f"sampled_{subsampling}.jpg", subsampling=subsampling, quality=85)
        picture.save(PICTURES / f"progressive_{subsampling}.jpg", subsampling=subsampling, progressive=True, quality=60)
    picture.resize((3, 4)).save(PICTURES / "tiny.jpg", subsampling=2)
    picture.save(PICTURES / "restarts.jpg", restart_marker_blocks=3)
    picture.save(PICTURES / "rough.jpg", quality=5)
    cmyk = picture.convert("CMYK")
    cmyk.save(PICTURES / "cmyk.jpg", quality=90)
    content = (PICTURES / "cmyk.jpg").read_bytes()
    adobe = content.index(b"Adobe") + 11
    # The same numbers, said to be YCCK.
    (PICTURES / "ycck.jpg").write_bytes(content[:adobe] + b"\2" + content[adobe + 1 :])
    for orientation in (3, 5, 6, 8):
        exif = Image.Exif()
        exif[0x112] = orientation
        picture.save(PICTURES / f"turned_{orientation}.jpg", exif=exif, quality=50)
    for name, factor in (("440", 0x121111), ("411", 0x411111)):
        flags = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor, cv2.IMWRITE_JPEG_QUALITY, 80]
        cv2.imwrite(str(PICTURES / f"sampled_{name}.jpg"), np.asarray(picture)[..., ::-1], flags)


def digest(picture):
    return hashlib.sha256(np.asarray(picture.convert("RGB")).tobytes()).hexdigest()[:16]


def crop(side):
    return transforms.Compose([transforms.Resize(side), transforms.CenterCrop(224)])


def write_digests():
    """Per picture: as stored, upright, cropped as published, cropped as recommended."""
    lines = []
    for path in sorted(PICTURES.iterdir()):
        picture = Image.open(path)
        upright = ImageOps.exif_transpose(picture)
        rgb = picture.convert("RGB")
        crops = [digest(crop(side)(rgb)) for side in (256, 232)]
        lines.append(" ".join([path.name, digest(picture), digest(upright), *crops]))
    (HERE / "pictures.txt").write_text("\n".join(lines) + "\n")
    lines = []
    for width, height in DRAWN_SIZES:
        picture = drawn_picture(width, height)
        crops = [digest(crop(side)(picture)) for side in (256, 232)]
        lines.append(" ".join([str(width), str(height), digest(picture), *crops]))
    (HERE / "drawn.txt").write_text("\n".join(lines) + "\n")


def write_embeddings():
    network = drawn_network()
    norm = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    prepare = transforms.Compose([crop(256), transforms.ToTensor(), norm])
    pictures = torch.stack([prepare(drawn_picture(*size)) for size in EMBEDDED_SIZES])
    with torch.inference_mode():
        np.save(HERE / "embeddings.npy", network(pictures).numpy())


def write_weights():
    weights = {
        "a.weight": torch.arange(24, dtype=torch.float32).reshape(2, 3, 4),
        "a.half": torch.tensor([0.5, -2.0], dtype=torch.float16),
        "a.brain": torch.tensor([1.5, 3.0], dtype=torch.bfloat16),
        "a.double": torch.tensor([0.25], dtype=torch.float64),
        "a.num_batches_tracked": torch.tensor(7),
    }
    weights["a.turned"] = weights["a.weight"][1].t()
    torch.save(weights, HERE / "weights.pth")
    parameters = {name: torch.nn.Parameter(value, requires_grad=False) for name, value in weights.items()}
    torch.save({"epoch": 3, "state_dict": parameters, "loss": 0.5, "names": ["x", "y"]}, HERE / "checkpoint.pth")
    plain = {name: value.contiguous() for name, value in weights.items()}
    safetensors.torch.save_file(plain, HERE / "weights.safetensors")


if __name__ == "__main__":
    write_pictures()
    write_digests()
    write_embeddings()
    write_weights()
