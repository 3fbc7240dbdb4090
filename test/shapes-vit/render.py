"""Draws pictures of one plain shape: a sticker with a soft shadow on a patterned background.

Every choice comes from the random generator that is passed in, so a seed is a picture.
"""

import colorsys
import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

CLASSES = ('circle', 'crescent', 'cross', 'heart', 'ring', 'square', 'star', 'triangle')

SUPERSAMPLING = 3  # masks are drawn this much larger and averaged down: smooth edges at any size

Points = np.ndarray  # [n, 2], x to the right and y down; an upright shape fits the unit circle
Colour = tuple[int, int, int]


def draw_picture(name: str, size: int, rng: np.random.Generator, *, pretty: bool = False) -> Image.Image:
    """One `size` × `size` RGB picture of the named shape; `pretty` keeps to calm colours and upright poses."""
    background, ink = _colours(rng, pretty)
    picture = _pattern(size, background, rng, pretty)
    radius = size * rng.uniform(0.30, 0.36) if pretty else size * rng.uniform(0.25, 0.42)
    slack = size / 2 - radius * 1.1
    centre = size / 2 + rng.uniform(-slack, slack, 2) * (0.25 if pretty else 1)
    angle = math.radians(rng.uniform(-18, 18) if pretty else rng.uniform(-45, 45))
    mask = _shape_mask(name, size, centre, radius, angle, rng)

    if pretty or rng.random() < 0.5:
        _cast_shadow(picture, mask, size)
    if pretty or rng.random() < 0.4:
        _paste_border(picture, mask, size)
    picture.paste(_fill(size, background, ink, rng, pretty), mask=mask)
    return picture if pretty else _degrade(picture, rng)


# Shapes


def _shape_mask(
    name: str, size: int, centre: np.ndarray, radius: float, angle: float, rng: np.random.Generator
) -> Image.Image:
    """Coverage of the shape, 0…255 per pixel."""
    solid, hole = _outline(name, rng)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    mask = Image.new('L', (size * SUPERSAMPLING,) * 2)
    canvas = ImageDraw.Draw(mask)
    for points, value in ((solid, 255), (hole, 0)):
        if points is not None:
            placed = (points @ turn * radius + centre) * SUPERSAMPLING
            canvas.polygon([tuple(point) for point in placed], fill=value)
    return mask.resize((size, size), Image.Resampling.BOX)


def _outline(name: str, rng: np.random.Generator) -> tuple[Points, Points | None]:
    """Outer polygon, and the one to cut out of it."""
    match name:
        case 'circle':
            return _ellipse(1), None
        case 'ring':
            return _ellipse(1), _ellipse(rng.uniform(0.5, 0.68))
        case 'crescent':
            return _ellipse(1), _ellipse(rng.uniform(0.78, 0.88)) + [rng.uniform(0.38, 0.48), 0]
        case 'square':
            return _regular(4, math.pi / 4), None
        case 'triangle':
            return _regular(3, -math.pi / 2), None
        case 'star':
            return _star(5, rng.uniform(0.42, 0.52)), None
        case 'cross':
            return _cross(rng.uniform(0.26, 0.36)), None
        case 'heart':
            return _heart(), None
    raise ValueError(f'expected one of {CLASSES}, got {name!r}')


def _ellipse(radius: float) -> Points:
    return _regular(96, 0) * radius


def _regular(corners: int, start: float) -> Points:
    angles = start + np.arange(corners) * (2 * math.pi / corners)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _star(tips: int, inner: float) -> Points:
    points = _regular(2 * tips, -math.pi / 2)
    points[1::2] *= inner
    return points


def _cross(arm: float) -> Points:
    """A plus sign; `arm` is half the width of its bars."""
    tip = math.sqrt(1 - arm**2)
    quarter = np.array([[arm, -arm], [tip, -arm], [tip, arm]])
    turn = np.array([[0, 1], [-1, 0]])
    return np.concatenate([quarter @ np.linalg.matrix_power(turn, k) for k in range(4)])


def _heart() -> Points:
    """x = 16 sin³t, y = 13 cos t − 5 cos 2t − 2 cos 3t − cos 4t, moved to the middle and scaled to the unit circle."""
    t = np.linspace(0, 2 * math.pi, 96, endpoint=False)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([16 * np.sin(t) ** 3, -y - 2], axis=1) / 17


# Surroundings


def _colours(rng: np.random.Generator, pretty: bool) -> tuple[Colour, Colour]:
    """A background colour and an ink that stands out from it."""
    if pretty:
        hue = rng.random()
        return _hsv(hue, rng.uniform(0.18, 0.3), 0.96), _hsv(hue + rng.uniform(0.35, 0.65), 0.68, 0.9)
    while True:
        first, second = (_hsv(rng.random(), rng.random(), rng.random()) for _ in range(2))
        if np.abs(np.subtract(first, second)).sum() > 220:
            return first, second


def _pattern(size: int, base: Colour, rng: np.random.Generator, pretty: bool) -> Image.Image:
    """The background: plain, shaded, dotted, striped, strewn or cloudy, in its colour and a shade of it."""
    other = _shade(base, rng.uniform(-0.12, -0.07) if pretty else rng.uniform(-0.3, 0.3))
    kinds = ('dots', 'stripes', 'confetti') if pretty else ('plain', 'shaded', 'dots', 'stripes', 'confetti', 'cloudy')
    picture = Image.new('RGB', (size, size), base)
    match str(rng.choice(kinds)):
        case 'shaded':
            picture.paste(other, mask=_ramp(size, rng))
        case 'dots':
            _dots(picture, other, rng)
        case 'stripes':
            _stripes(picture, other, rng)
        case 'confetti':
            _confetti(picture, other, rng)
        case 'cloudy':
            coarse = rng.integers(0, 256, (int(rng.integers(3, 13)),) * 2, dtype=np.uint8)
            picture.paste(other, mask=Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC))
    return picture


def _dots(picture: Image.Image, colour: Colour, rng: np.random.Generator) -> None:
    size = picture.width
    pitch = size * rng.uniform(0.09, 0.16)
    radius = pitch * rng.uniform(0.15, 0.3)
    mask = Image.new('L', (size * SUPERSAMPLING,) * 2)
    canvas = ImageDraw.Draw(mask)
    for row in range(int(size / pitch) + 2):
        for column in range(-1, int(size / pitch) + 2):
            x, y = (column + row % 2 / 2) * pitch, row * pitch
            canvas.ellipse([(v * SUPERSAMPLING) for v in (x - radius, y - radius, x + radius, y + radius)], fill=255)
    picture.paste(colour, mask=mask.resize(picture.size, Image.Resampling.BOX))


def _stripes(picture: Image.Image, colour: Colour, rng: np.random.Generator) -> None:
    size = picture.width
    y, x = np.mgrid[0 : size * SUPERSAMPLING, 0 : size * SUPERSAMPLING] / SUPERSAMPLING
    angle = rng.uniform(0, math.pi)
    phase = (x * math.cos(angle) + y * math.sin(angle)) / (size * rng.uniform(0.08, 0.2))
    mask = Image.fromarray(((phase % 1 < 0.5) * 255).astype(np.uint8))
    picture.paste(colour, mask=mask.resize(picture.size, Image.Resampling.BOX))


def _confetti(picture: Image.Image, colour: Colour, rng: np.random.Generator) -> None:
    """Small scattered discs and dashes: things in the picture that are not its subject."""
    size = picture.width
    mask = Image.new('L', (size * SUPERSAMPLING,) * 2)
    canvas = ImageDraw.Draw(mask)
    for _ in range(int(rng.integers(12, 40))):
        x, y = rng.uniform(0, size, 2) * SUPERSAMPLING
        length = size * rng.uniform(0.01, 0.035) * SUPERSAMPLING
        if rng.random() < 0.5:
            canvas.ellipse((x - length / 2, y - length / 2, x + length / 2, y + length / 2), fill=255)
        else:
            angle = rng.uniform(0, math.pi)
            end = (x + 2 * length * math.cos(angle), y + 2 * length * math.sin(angle))
            canvas.line([(x, y), end], fill=255, width=max(1, int(length / 2)))
    picture.paste(colour, mask=mask.resize(picture.size, Image.Resampling.BOX))


# Paint


def _fill(size: int, background: Colour, ink: Colour, rng: np.random.Generator, pretty: bool) -> Image.Image:
    """What the shape is painted with: one colour, or a shade of it that runs across the picture."""
    fill = Image.new('RGB', (size, size), ink)
    if pretty:
        fill.paste(_shade(ink, 0.09), mask=_half(size))
    elif rng.random() < 0.5:
        shaded = _shade(ink, rng.uniform(-0.25, 0.25))
        if np.abs(np.subtract(shaded, background)).sum() > 200:
            fill.paste(shaded, mask=_ramp(size, rng))
    return fill


def _cast_shadow(picture: Image.Image, mask: Image.Image, size: int) -> None:
    offset = round(size * 0.025)
    shadow = ImageChops.offset(mask, offset, offset).filter(ImageFilter.GaussianBlur(size * 0.02))
    picture.paste((40, 36, 60), mask=shadow.point(lambda value: int(value * 0.35)))


def _paste_border(picture: Image.Image, mask: Image.Image, size: int) -> None:
    """A white edge around the shape, as on a sticker."""
    spread = mask.filter(ImageFilter.GaussianBlur(size * 0.018))
    picture.paste((255, 255, 255), mask=spread.point(lambda value: max(0, min(255, (value - 20) * 6))))


def _degrade(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """What cameras and file formats do: a little blur, a little noise."""
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.8)))
    if rng.random() < 0.5:
        noise = rng.normal(0, rng.uniform(2, 15), (*picture.size, 3))
        picture = Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))
    return picture


def _ramp(size: int, rng: np.random.Generator) -> Image.Image:
    """0…255 from one side of the picture to the other, in any direction."""
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    angle = rng.uniform(0, 2 * math.pi)
    along = x * math.cos(angle) + y * math.sin(angle)
    return Image.fromarray(((along + 0.71) / 1.42 * 255).astype(np.uint8))


def _half(size: int) -> Image.Image:
    """The upper left half of the picture: a flat highlight."""
    y, x = np.mgrid[0:size, 0:size]
    return Image.fromarray(((x + y < size * 0.98) * 255).astype(np.uint8))


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    return tuple(round(255 * channel) for channel in colorsys.hsv_to_rgb(hue % 1, saturation, value))


def _shade(colour: Colour, by: float) -> Colour:
    """Lighter (`by` > 0) or darker, as a share of full scale."""
    return tuple(min(255, max(0, round(channel + 255 * by))) for channel in colour)
