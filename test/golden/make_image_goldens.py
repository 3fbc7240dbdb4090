"""Writes test/image/fixtures: tiny images of every kind, and what Pillow, torchvision and timm make of them.

    pip install -r test/golden/requirements.txt
    python test/golden/make_image_goldens.py

Deterministic: a second run with the same versions changes nothing. All pictures are drawn here, none is borrowed.
"""

import base64
import hashlib
import io
import itertools
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from environment import declare_torchvision_ops, pinned_versions
from PIL import Image, ImageOps

declare_torchvision_ops()
import torchvision.transforms as tv  # noqa: E402
from timm.data import create_transform  # noqa: E402

FIXTURES = Path(__file__).parent.parent / "image" / "fixtures"
KINDS = FIXTURES / "kinds"


def photo(height: int, width: int, channels: int = 3, seed: int = 1) -> np.ndarray:
    """A smooth gradient, a disc with a hard edge and some noise: what a resampler and a JPEG coder find in photographs."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for c in range(channels):
        plane = 128 + 90 * np.sin(x / (5 + 2 * c) + c) * np.cos(y / (7 - c % 3))
        disc = (x - width * (0.3 + 0.2 * c)) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 4) ** 2
        planes.append(np.where(disc, 250 - 60 * c, plane) + rng.normal(0, 6, (height, width)))
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_16(samples: np.ndarray, colour_type: int) -> bytes:
    """Pillow writes no 16-bit colour PNG, so: signature, IHDR, one IDAT of unfiltered rows, IEND."""
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff_16(samples: np.ndarray) -> bytes:
    """Little-endian, one strip, uncompressed 16-bit RGB."""
    height, width, channels = samples.shape
    data = samples.astype("<u2").tobytes()
    bits_at = 8 + 2 + 10 * 12 + 4
    data_at = bits_at + 6
    tags = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, bits_at), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, data_at), (277, 3, 1, channels), (278, 3, 1, height), (279, 4, 1, len(data)), (284, 3, 1, 1),
    ]  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + b"\0\0\0\0"
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<HHH", 16, 16, 16) + data


def bmp(width, height, bits, pixels, compression=0, palette=b"", colours=0, header_size=40, masks=b"", gap=0) -> bytes:
    """`height` < 0 stores the top row first. `masks` follow a 40-byte header, or fill the start of a longer one's tail."""
    if header_size == 12:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        fields = (header_size, width, height, 1, bits, compression, len(pixels), 2835, 2835, colours, 0)
        header = struct.pack("<IiiHHIIiiII", *fields)
        header += masks.ljust(header_size - 40, b"\0") if header_size > 40 else masks
    offset = 14 + len(header) + len(palette) + gap
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + header + palette + b"\xaa" * gap + pixels


def bmp_rows(rows: list[bytes], top_down: bool = False) -> bytes:
    return b"".join(row + b"\0" * (-len(row) % 4) for row in (rows if top_down else rows[::-1]))


def packed(indices: np.ndarray, bits: int) -> list[bytes]:
    rows = []
    for row in indices:
        text = "".join(format(int(v), f"0{bits}b") for v in row)
        rows.append(bytes(int(text[i : i + 8].ljust(8, "0"), 2) for i in range(0, len(text), 8)))
    return rows


def bmp_kinds() -> dict[str, bytes]:
    h, w = 7, 13
    rgb = photo(h, w)
    bgr = [row[:, ::-1].tobytes() for row in rgb]
    rng = np.random.default_rng(5)
    colours = rng.integers(0, 256, (256, 4), dtype=np.uint8)
    palette = lambda n: colours[:n].tobytes()  # noqa: E731
    triples = colours[:, :3].tobytes()
    index = lambda n, width=w: rng.integers(0, n, (h, width))  # noqa: E731
    words = lambda a, kind: [row.astype(kind).tobytes() for row in a]  # noqa: E731
    random16 = rng.integers(0, 65536, (h, w))
    random32 = rng.integers(0, 2**32, (h, w))
    mask = lambda *m: struct.pack(f"<{len(m)}I", *m)  # noqa: E731
    kinds = {
        "bmp-1bit": bmp(w, h, 1, bmp_rows(packed(index(2), 1)), palette=palette(2)),
        "bmp-1bit-black-white": encoded(Image.fromarray(rgb).convert("1"), "BMP"),
        "bmp-4bit": bmp(w, h, 4, bmp_rows(packed(index(16), 4)), palette=palette(16)),
        "bmp-4bit-short-palette": bmp(12, h, 4, bmp_rows(packed(index(5, 12), 4)), palette=palette(5), colours=5),
        "bmp-8bit": bmp(w, h, 8, bmp_rows(packed(index(256), 8)), palette=palette(256)),
        "bmp-8bit-grey": encoded(Image.fromarray(rgb).convert("L"), "BMP"),
        "bmp-8bit-top-down": bmp(w, -h, 8, bmp_rows(packed(index(19), 8), True), palette=palette(19), colours=19),
        "bmp-8bit-os2": bmp(w, h, 8, bmp_rows(packed(index(256), 8)), palette=triples, header_size=12),
        "bmp-16bit-555": bmp(w, h, 16, bmp_rows(words(random16, "<u2"))),
        "bmp-16bit-565": bmp(w, h, 16, bmp_rows(words(random16, "<u2")), 3, masks=mask(0xF800, 0x7E0, 0x1F)),
        "bmp-24bit": encoded(Image.fromarray(rgb), "BMP"),
        "bmp-24bit-top-down": bmp(w, -h, 24, bmp_rows(bgr, True)),
        "bmp-24bit-gap": bmp(w, h, 24, bmp_rows(bgr), gap=10),
        "bmp-24bit-os2": bmp(w, h, 24, bmp_rows(bgr), header_size=12),
        "bmp-24bit-v5": bmp(w, h, 24, bmp_rows(bgr), header_size=124),
        "bmp-32bit": bmp(w, h, 32, bmp_rows(words(random32, "<u4"))),
        "bmp-32bit-alpha-v4": bmp(
            w, h, 32, bmp_rows(words(random32, "<u4")), 3, header_size=108,
            masks=mask(0xFF, 0xFF00, 0xFF0000, 0xFF000000),
        ),
        "bmp-32bit-rgbx": bmp(
            w, h, 32, bmp_rows(words(random32, "<u4")), 3, masks=mask(0xFF000000, 0xFF0000, 0xFF00)
        ),
        "bmp-rle8": bmp(w, h, 8, rle8(w, h), 1, palette=palette(256)),
        "bmp-rle4": bmp(w, h, 4, rle4(w, h), 2, palette=palette(16)),
    }  # fmt: skip
    return kinds


def rle8(width: int, height: int) -> bytes:
    """A run, an absolute stretch of odd length (padded), a line cut short, a jump over 3 × 1 pixels, then full lines."""
    out = bytes([6, 40, 0, 5, 1, 2, 3, 4, 5, 0, 2, 200, 0, 0])
    out += bytes([4, 9, 0, 0])
    out += bytes([2, 77, 0, 2, 3, 1, 5, 78, 0, 0])
    return out + b"".join(bytes([width, 100 + y, 0, 0]) for y in range(4, height)) + bytes([0, 1])


def rle4(width: int, height: int) -> bytes:
    """Absolute stretches of even length only: Pillow 12.3 loses the last pixel of an odd one."""
    out = bytes([7, 0x5A, 0, 6, 0x12, 0x34, 0x56, 0, 0, 0])
    out += bytes([3, 0x9F, 0, 2, 2, 1, 4, 0x7B, 0, 0])
    return out + b"".join(bytes([width, 0x10 * y + 3, 0, 0]) for y in range(3, height)) + bytes([0, 1])


def photo_kinds() -> dict[str, bytes]:
    h, w = 17, 23
    rgb = Image.fromarray(photo(h, w))
    rgba = Image.fromarray(photo(h, w, 4))
    frames = [Image.fromarray(photo(h, w, seed=s)) for s in (1, 2, 3)]
    palette = rgb.quantize(60)
    see_through = palette.copy()
    see_through.info["transparency"] = 3
    kinds = {
        "jpeg-baseline": encoded(rgb, "JPEG", quality=90),
        "jpeg-444": encoded(rgb, "JPEG", quality=90, subsampling=0),
        "jpeg-progressive": encoded(rgb, "JPEG", quality=90, progressive=True),
        "jpeg-grey": encoded(rgb.convert("L"), "JPEG", quality=90),
        "jpeg-cmyk": encoded(Image.fromarray(photo(h, w, 4), "CMYK"), "JPEG", quality=90),
        "png-rgb": encoded(rgb, "PNG"),
        "png-alpha": encoded(rgba, "PNG"),
        "png-grey": encoded(rgb.convert("L"), "PNG"),
        "png-grey-alpha": encoded(rgba.convert("LA"), "PNG"),
        "png-palette": encoded(palette, "PNG"),
        "png-palette-2bit": encoded(rgb.quantize(4), "PNG"),
        "png-palette-transparent": encoded(see_through, "PNG"),
        "png-1bit": encoded(rgb.convert("1"), "PNG"),
        "png-16bit": png_16(photo(h, w).astype(np.uint16) * 257 - 100, 2),
        "webp-lossy": encoded(rgb, "WEBP", quality=80),
        "webp-lossless": encoded(rgb, "WEBP", lossless=True),
        "webp-alpha": encoded(rgba, "WEBP", lossless=True, exact=True),
        "webp-animated": encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True),
        "avif": encoded(rgb, "AVIF", quality=80, subsampling="4:4:4", max_threads=1),
        "gif": encoded(rgb.quantize(100), "GIF"),
        "gif-animated": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "tiff-rgb": encoded(rgb, "TIFF"),
        "tiff-lzw": encoded(rgb, "TIFF", compression="tiff_lzw"),
        "tiff-multi-page": encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
        "tiff-cmyk": encoded(Image.fromarray(photo(h, w, 4), "CMYK"), "TIFF"),
        "tiff-16bit": tiff_16(photo(h, w).astype(np.uint16) * 257 - 100),
    }
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        kinds[f"jpeg-exif-{orientation}"] = encoded(rgb, "JPEG", quality=90, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds["png-exif-6"] = encoded(rgb, "PNG", exif=exif)
    kinds["webp-exif-6"] = encoded(rgb, "WEBP", lossless=True, exif=exif)
    kinds["tiff-exif-6"] = encoded(rgb, "TIFF", tiffinfo={274: 6})
    return kinds


SVG = """<?xml version="1.0"?>
<!-- solid shapes on whole pixels, so that no renderer has an edge to smooth -->
<svg xmlns="http://www.w3.org/2000/svg" width="12" height="8">
  <rect width="12" height="4" fill="#c81e1e"/>
  <rect x="3" y="2" width="4" height="5" fill="#14a03c"/>
</svg>
"""


def svg_pixels() -> np.ndarray:
    pixels = np.full((8, 12, 3), 255, np.uint8)
    pixels[0:4] = (0xC8, 0x1E, 0x1E)
    pixels[2:7, 3:7] = (0x14, 0xA0, 0x3C)
    return pixels


def record(pixels: np.ndarray) -> dict[str, object]:
    height, width, _ = pixels.shape
    return {"width": width, "height": height, "rgb": base64.b64encode(pixels.tobytes()).decode()}


def write_kinds() -> None:
    KINDS.mkdir(parents=True, exist_ok=True)
    expected: dict[str, object] = {}
    for name, content in {**photo_kinds(), **bmp_kinds()}.items():
        file = f"{name}.{name.split('-')[0]}"
        (KINDS / file).write_bytes(content)
        stored = Image.open(io.BytesIO(content))
        expected[file] = record(np.asarray(ImageOps.exif_transpose(stored).convert("RGB")))
        if "exif" in name:
            # Pillow turns TIFF itself; without compression the stored order is what was drawn.
            stored = Image.open(io.BytesIO(content)).convert("RGB") if not file.endswith("tiff") else photo(17, 23)
            expected[f"{file} as stored"] = record(np.asarray(stored))
    # Pillow clips 16-bit grey at 255, a defect that nobody wants matched: the reference is the high byte, as for colour.
    grey = np.arange(17 * 23, dtype=np.uint16).reshape(17, 23) * 167
    (KINDS / "png-grey-16bit.png").write_bytes(png_16(grey[..., None], 0))
    expected["png-grey-16bit.png"] = record(np.repeat((grey >> 8).astype(np.uint8)[..., None], 3, -1))
    # libvips leaves see-through GIF pixels black, Pillow shows the colour under them; a GIF viewer shows neither.
    see_through = Image.fromarray(photo(17, 23)).quantize(60)
    (KINDS / "gif-transparent.gif").write_bytes(encoded(see_through, "GIF", transparency=3))
    shown = np.asarray(see_through.convert("RGB")).copy()
    shown[np.asarray(see_through) == 3] = 0
    expected["gif-transparent.gif"] = record(shown)
    (KINDS / "svg.svg").write_text(SVG)
    expected["svg.svg"] = record(svg_pixels())
    write_json("kinds.json", expected)


def noise(width: int, height: int) -> Image.Image:
    """The bytes of a linear congruential generator, which the test repeats, so that no input has to be stored."""
    state, out = 1, bytearray()
    for _ in range(width * height * 3):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append(state >> 24)
    return Image.frombytes("RGB", (width, height), bytes(out))


# Input and output sizes as (width, height): down, up, both at once, one axis kept, primes, single pixels.
RESIZES = [
    ((29, 23), (13, 11)), ((13, 11), (29, 23)), ((31, 7), (7, 31)), ((17, 19), (17, 5)), ((17, 19), (5, 19)),
    ((17, 19), (17, 19)), ((1, 1), (5, 3)), ((13, 17), (1, 1)), ((1, 37), (11, 3)), ((37, 1), (3, 11)),
    ((64, 48), (32, 24)), ((50, 40), (20, 16)), ((3, 2), (19, 23)), ((211, 3), (2, 2)), ((97, 89), (23, 19)),
]  # fmt: skip
LARGE_RESIZES = [((500, 375), (331, 248)), ((90, 120), (248, 330))]
FILTERS = {name: Image.Resampling[name.upper()] for name in ("bilinear", "bicubic", "lanczos", "box")}


def write_resizes() -> None:
    expected: dict[str, object] = {}
    for (input_size, output_size), (name, how) in itertools.product(RESIZES + LARGE_RESIZES, FILTERS.items()):
        pixels = noise(*input_size).resize(output_size, how).tobytes()
        key = f"{input_size[0]}x{input_size[1]} {output_size[0]}x{output_size[1]} {name}"
        large = (input_size, output_size) in LARGE_RESIZES
        expected[key] = sha256(pixels) if large else base64.b64encode(pixels).decode()
    write_json("resizes.json", expected)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


HALF = dict(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
IMAGENET = dict(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
# Corners cut from photo.jpeg, as (width, height): landscape, portrait, odd margins, smaller than any model's input.
CUTS = [(160, 97), (89, 140), (101, 100), (31, 23), (7, 140)]


def transforms() -> dict[str, object]:
    """Real timm and torchvision pipelines; the test names the recipe that each of them should equal."""
    timm = lambda **options: create_transform(is_training=False, **options)  # noqa: E731
    floor_crop = lambda image: floor_cropped(image, 251, 224)  # noqa: E731
    return {
        "timm 224 crop 0.9 bicubic": timm(input_size=(3, 224, 224), crop_pct=0.9, interpolation="bicubic", **HALF),
        "timm 224 crop 0.875 bilinear": timm(input_size=(3, 224, 224), interpolation="bilinear", **IMAGENET),
        "timm 96 crop 1.0 lanczos": timm(input_size=(3, 96, 96), crop_pct=1.0, interpolation="lanczos", **IMAGENET),
        "timm 224 crop 0.9 squash": timm(
            input_size=(3, 224, 224), crop_pct=0.9, crop_mode="squash", interpolation="bicubic", **IMAGENET
        ),
        "timm 224 crop 0.9 border": timm(
            input_size=(3, 224, 224), crop_pct=0.9, crop_mode="border", interpolation="bicubic", **IMAGENET
        ),
        "timm 224 crop 1.0 border": timm(
            input_size=(3, 224, 224), crop_pct=1.0, crop_mode="border", interpolation="bicubic", **HALF
        ),
        "timm 240x320 crop 0.95": timm(input_size=(3, 240, 320), crop_pct=0.95, interpolation="bicubic", **IMAGENET),
        "torchvision 120 crop 161": tv.Compose(
            [tv.Resize(120), tv.CenterCrop(161), tv.ToTensor(), tv.Normalize(**IMAGENET)]
        ),
        "transformers 251 crop 224": tv.Compose([floor_crop, tv.ToTensor(), tv.Normalize(**IMAGENET)]),
    }


def floor_cropped(image: Image.Image, edge: int, crop: int) -> Image.Image:
    """transformers 5.18, image_transforms.py: torchvision's resize, but `center_crop` takes (side - crop) // 2."""
    resized = tv.Resize(edge, tv.InterpolationMode.BICUBIC)(image)
    left, top = ((side - crop) // 2 for side in resized.size)
    return resized.crop((left, top, left + crop, top + crop))


def write_preprocessing() -> None:
    (FIXTURES / "photo.jpeg").write_bytes(encoded(Image.fromarray(photo(140, 160)), "JPEG", quality=85))
    whole = Image.open(FIXTURES / "photo.jpeg").convert("RGB")
    expected: dict[str, object] = {}
    for (name, transform), (width, height) in itertools.product(transforms().items(), CUTS):
        if "border" in name and width * 10 < height:
            continue
        values = transform(whole.crop((0, 0, width, height))).permute(1, 2, 0).contiguous().numpy()
        flat = values.reshape(-1)
        at = [flat.size * k // 16 + 37 * k for k in range(16)]
        expected[f"{width}x{height} {name}"] = {
            "shape": values.shape,
            "samples": {i: float(flat[i]) for i in at},
            "sha256": sha256(flat.astype("<f4").tobytes()),
        }
    write_json("preprocessing.json", expected)


def write_json(name: str, content: dict[str, object]) -> None:
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items())
    (FIXTURES / name).write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    pinned_versions()
    write_kinds()
    write_resizes()
    write_preprocessing()
