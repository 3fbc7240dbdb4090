"""Position embeddings: learned grids resampled as timm does it, and the fixed sine-cosine tables of three papers.

    pip install -r test/golden/requirements.txt -r test/golden/requirements-families.txt
    python test/golden/make_position_goldens.py

Writes test/golden/position-embeddings/. A grid of G = rows × columns patches is numbered row by row.

`resampled/<from>-<to>/from`, [1, G, D] float32, and what each library makes of it:

    to         timm: bicubic (a = −0.5), antialiased, half-pixel centres
    bicubic    transformers: torch bicubic (a = −0.75), half-pixel centres
    corners    torchvision: torch bicubic, align_corners
    zoom       google-research and big_vision: scipy.ndimage.zoom(order=1)

`sin-cos/…`, float64. With w(i) = 10000^(−i / n), i = 0 … n − 1, and the four parts joined end to end:

    1d/interleaved  [N, D]  n = D/2  channel 2i is sin(pos·w(i)), 2i + 1 is cos     Vaswani et al. 2017, section 3.5
    1d/halves       [N, D]  n = D/2  sin(pos·w) | cos(pos·w)                         MAE, He et al. 2022, per axis
    2d/mae          [G, D]  n = D/4  sin(column·w) | cos(column·w) | sin(row·w) | cos(row·w)
    2d/moco-v3      [G, D]  n = D/4  sin(row·w) | cos(row·w) | sin(column·w) | cos(column·w)
    2d/big-vision   [G, D]  as 2d/mae, but w(i) = 10000^(−i / (n − 1))

MoCo v3 names its first half after the width, but its meshgrid runs over that axis first: patch by patch it is the row.
"""

from collections.abc import Iterable

import environment

environment.pinned_versions(environment.REQUIREMENTS, environment.FAMILY_REQUIREMENTS)
environment.declare_torchvision_ops()

import numpy as np  # noqa: E402
import scipy.ndimage  # noqa: E402
import torch  # noqa: E402
from golden_set import GOLDEN, write_golden_set  # noqa: E402
from timm.layers import resample_abs_pos_embed  # noqa: E402

CHANNELS = 5
RESAMPLED = (((14, 14), (24, 24)), ((14, 14), (7, 7)), ((3, 3), (4, 5)), ((5, 5), (3, 7)))

LENGTH, WIDTH = 11, 12
ROWS, COLUMNS = 3, 5


def main() -> None:
    write_golden_set(
        GOLDEN / 'position-embeddings',
        'test/golden/make_position_goldens.py',
        dict(resampled_grids()) | sin_cos_tables(),
        resampled=[{'from': old, 'to': new} for old, new in RESAMPLED],
        sinCos={'length': LENGTH, 'width': WIDTH, 'rows': ROWS, 'columns': COLUMNS},
    )


def resampled_grids() -> Iterable[tuple[str, np.ndarray]]:
    generator = torch.Generator().manual_seed(3)
    for old, new in RESAMPLED:
        grid = torch.randn((1, old[0] * old[1], CHANNELS), generator=generator)
        name = f'resampled/{old[0]}x{old[1]}-{new[0]}x{new[1]}'
        yield f'{name}/from', grid.numpy()
        yield f'{name}/to', resample_abs_pos_embed(grid, list(new), list(old), num_prefix_tokens=0).numpy()
        image = grid.reshape(1, *old, CHANNELS).permute(0, 3, 1, 2)
        for method, corners in (('bicubic', False), ('corners', True)):
            resized = torch.nn.functional.interpolate(image, new, mode='bicubic', align_corners=corners)
            yield f'{name}/{method}', resized.permute(0, 2, 3, 1).reshape(1, -1, CHANNELS).numpy()
        factors = (new[0] / old[0], new[1] / old[1], 1)
        zoomed = scipy.ndimage.zoom(grid.reshape(*old, CHANNELS).numpy(), factors, order=1)
        yield f'{name}/zoom', zoomed.reshape(1, -1, CHANNELS)


def sin_cos_tables() -> dict[str, np.ndarray]:
    position = np.arange(LENGTH)
    row, column = np.mgrid[:ROWS, :COLUMNS].reshape(2, -1)
    quarter = frequencies(WIDTH // 4, WIDTH // 4)
    stretched = frequencies(WIDTH // 4, WIDTH // 4 - 1)
    halves = waves(position, frequencies(WIDTH // 2, WIDTH // 2))
    return {
        'sin-cos/1d/interleaved': halves.reshape(LENGTH, 2, -1).transpose(0, 2, 1).reshape(LENGTH, WIDTH),
        'sin-cos/1d/halves': halves,
        'sin-cos/2d/mae': np.concatenate([waves(column, quarter), waves(row, quarter)], axis=1),
        'sin-cos/2d/moco-v3': np.concatenate([waves(row, quarter), waves(column, quarter)], axis=1),
        'sin-cos/2d/big-vision': np.concatenate([waves(column, stretched), waves(row, stretched)], axis=1),
    }


def frequencies(count: int, divisor: int) -> np.ndarray:
    return 10_000.0 ** (-np.arange(count) / divisor)


def waves(position: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """[N] × [n] → [N, 2n]: all sines, then all cosines."""
    phase = position[:, None] * frequency
    return np.concatenate([np.sin(phase), np.cos(phase)], axis=1)


if __name__ == '__main__':
    main()
