"""Writes GIF, TIFF and PNM files to `formats`, and the digests of Pillow's pixels to `formats.txt`.

Needs numpy and pillow. What a reviewer should expect: nothing changes with Pillow's version.
Each line: name, digest of `Image.open(…).convert("RGB")`, width, height.
"""

import hashlib
import pathlib
import struct

import numpy as np
from PIL import Image, ImageSequence

HERE = pathlib.Path(__file__).parent
PICTURES = HERE / "formats"


def drawn_picture(width, height):
    y, x = np.mgrid[0:height, 0:width]
    values = [x * 7 + y * 3 + (x * y) // 16, x * 2 + y * 5 + 90, (x // 8 + y // 8) % 2 * 120 + x]
    return Image.fromarray((np.stack(values, -1) & 255).astype(np.uint8))


def pnm(name, magic, maximum, values):
    """Netpbm files of any maximum, which Pillow reads and does not write."""
    height, width = values.shape[:2]
    header = f"{magic}\n# a comment\n{width} {height}\n{maximum}\n".encode()
    if magic in ("P2", "P3"):
        body = " ".join(map(str, values.reshape(-1))).encode()
    else:
        body = values.astype(">u2" if maximum > 255 else "u1").tobytes()
    (PICTURES / name).write_bytes(header + body)


def tiff(name, width, height, entries, data):
    """A little-endian TIFF of one strip; entries are (tag, type, values)."""
    entries = entries + [(256, 4, [width]), (257, 4, [height]), (273, 4, [8]), (279, 4, [len(data)])]
    entries.sort()
    content = b"II*\0" + struct.pack("<I", 8 + len(data) + len(data) % 2) + data + b"\0" * (len(data) % 2)
    directory, beyond = struct.pack("<H", len(entries)), b""
    after = len(content) + 2 + 12 * len(entries) + 4
    for tag, kind, values in entries:
        packed = b"".join(struct.pack("<H" if kind == 3 else "<I", value) for value in values)
        directory += struct.pack("<HHI", tag, kind, len(values))
        if len(packed) <= 4:
            directory += packed.ljust(4, b"\0")
        else:
            directory += struct.pack("<I", after + len(beyond))
            beyond += packed
    (PICTURES / name).write_bytes(content + directory + b"\0\0\0\0" + beyond)


def write_gifs(picture):
    palette = picture.quantize(64)
    palette.save(PICTURES / "plain.gif")
    palette.save(PICTURES / "interlaced.gif", interlace=1)
    picture.convert("L").save(PICTURES / "gray.gif")
    palette.save(PICTURES / "transparent.gif", transparency=5)
    frames = [palette, palette.rotate(90, expand=True).resize(palette.size)]
    frames[0].save(PICTURES / "animated.gif", save_all=True, append_images=frames[1:], duration=50)
    # A frame that covers a part of its screen, and one that stands out of it.
    content = (PICTURES / "plain.gif").read_bytes()
    place = content.index(b",", 13 + 3 * 64)
    left_top = struct.pack("<HH", 7, 5)
    screen = struct.pack("<HH", 60, 50)
    (PICTURES / "part.gif").write_bytes(content[:6] + screen + content[10 : place + 1] + left_top + content[place + 5 :])
    (PICTURES / "beyond.gif").write_bytes(content[: place + 1] + left_top + content[place + 5 :])
    content = (PICTURES / "transparent.gif").read_bytes()
    place = content.index(b",", 13 + 3 * 64)
    (PICTURES / "part_transparent.gif").write_bytes(
        content[:6] + screen + content[10 : place + 1] + left_top + content[place + 5 :]
    )


def write_tiffs(picture):
    random = np.random.default_rng(1)
    gray = picture.convert("L")
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        picture.save(PICTURES / f"rgb_{compression}.tif", compression=compression)
    gray.save(PICTURES / "gray.tif")
    picture.convert("1").save(PICTURES / "one_bit.tif")
    Image.fromarray((np.arange(45 * 35).reshape(35, 45) * 9).astype(np.uint16)).save(PICTURES / "gray_16.tif")
    picture.convert("CMYK").save(PICTURES / "cmyk.tif")
    alpha = picture.copy()
    alpha.putalpha(picture.getchannel(0))
    alpha.save(PICTURES / "alpha.tif")
    for orientation in (3, 6):
        picture.save(PICTURES / f"turned_{orientation}.tif", tiffinfo={274: orientation})
    picture.save(PICTURES / "pages.tif", save_all=True, append_images=[gray])
    rgb_16 = random.integers(0, 65536, (5, 9, 3))
    tiff("rgb_16.tif", 9, 5, [(258, 3, [16] * 3), (262, 3, [2]), (277, 3, [3])], rgb_16.astype("<u2").tobytes())
    four = random.integers(0, 256, (5, 4))
    for name, white in (("gray_4.tif", 1), ("gray_4_white.tif", 0)):
        tiff(name, 7, 5, [(258, 3, [4]), (262, 3, [white]), (277, 3, [1])], four.astype("u1").tobytes())
    tiff("gray_white.tif", 4, 5, [(258, 3, [8]), (262, 3, [0]), (277, 3, [1])], four.astype("u1").tobytes())
    tiff("one_bit_white.tif", 31, 5, [(258, 3, [1]), (262, 3, [0]), (277, 3, [1])], four.astype("u1").tobytes())


def write_pnms(picture):
    random = np.random.default_rng(2)
    picture.save(PICTURES / "rgb.ppm")
    picture.convert("L").save(PICTURES / "gray.pgm")
    picture.convert("1").save(PICTURES / "bits.pbm")
    for maximum in (10, 100, 1000, 65535):
        rgb = random.integers(0, maximum + 1, (5, 7, 3))
        pnm(f"rgb_{maximum}.ppm", "P6", maximum, rgb)
        pnm(f"text_{maximum}.ppm", "P3", maximum, rgb)
        pnm(f"gray_{maximum}.pgm", "P5", maximum, rgb[..., 0])
        pnm(f"text_{maximum}.pgm", "P2", maximum, rgb[..., 0])
    (PICTURES / "text.pbm").write_bytes(b"P1\n5 2\n0 1 0 1 0\n11001\n")


def write_digests():
    lines = []
    for path in sorted(PICTURES.iterdir()):
        picture = next(ImageSequence.Iterator(Image.open(path))).convert("RGB")
        digest = hashlib.sha256(np.asarray(picture).tobytes()).hexdigest()[:16]
        lines.append(f"{path.name} {digest} {picture.width} {picture.height}")
    (HERE / "formats.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    drawn = drawn_picture(45, 35)
    write_gifs(drawn)
    write_tiffs(drawn)
    write_pnms(drawn)
    write_digests()
