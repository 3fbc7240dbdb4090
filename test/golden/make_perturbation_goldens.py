"""Occlusion, RISE, and curves of deletion and insertion on tiny Vision Transformers, in float64.

    pip install -r test/golden/requirements.txt
    python test/golden/make_perturbation_goldens.py

Reads models and pixels that make_vit_goldens.py and make_family_goldens.py wrote. Writes test/golden/perturbation/, arrays
in float32:

    <case>/occlusion/<fill>               fall of the target's probability without each patch [n]
    <case>/rise                           of MASKS masks [n]
    <case>/<order>/<fill>/<curve>         the target's probability after each of STEPS steps, by the order of <case>/<order>
    <case>/<order>                        patches in the order in which they are removed or shown

Random numbers are those of the project's generator, written here a second time from its paper.
"""

import environment

environment.pinned_versions()
environment.declare_torchvision_ops()

import math  # noqa: E402
from collections.abc import Iterator  # noqa: E402

import torch  # noqa: E402
from attention_reference import maps_of, trace  # noqa: E402
from golden_set import GOLDEN, write_golden_set  # noqa: E402
from make_attention_goldens import CASES, load  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from torch.nn import functional  # noqa: E402

SUBJECTS = ('class-token', 'wide', 'registers')
TARGET = 2
STEPS = 5
MASKS, SEED, CELLS, SHOWN = 40, 7, 7, 0.5
FILLS = ('grey', 'blur')


def main() -> None:
    torch.set_num_threads(1)
    arrays, cases = {}, {}
    for case in SUBJECTS:
        folder, pixels, prefix, query = CASES[case]
        images = load_file(GOLDEN / folder / 'goldens.safetensors')[pixels].permute(0, 3, 1, 2).double()
        model = load(folder, tuple(images.shape[2:]))
        patch = model.patch_embed.patch_size[0]
        for name, values in answers(model, images[-1:], patch, len(prefix), query):
            arrays[f'{case}/{name}'] = values.float().numpy()
        cases[case] = {'folder': folder, 'pixels': pixels}
    write_golden_set(
        GOLDEN / 'perturbation',
        'test/golden/make_perturbation_goldens.py',
        arrays,
        cases=cases,
        target=TARGET,
        steps=STEPS,
        masks=MASKS,
        seed=SEED,
        fills=list(FILLS),
    )


def answers(model, image: torch.Tensor, patch: int, num_prefix: int, query: str):
    grid = image.shape[2] // patch, image.shape[3] // patch
    fills = {'grey': torch.zeros_like(image), 'blur': blurred(image)}
    orders = {'relevance': relevance_order(model, image, num_prefix, query), 'centre': centre_order(grid)}
    for fill in FILLS:
        changed = [mixed(image, fills[fill], {cell}, patch) for cell in range(grid[0] * grid[1])]
        yield f'occlusion/{fill}', probability(model, image) - probability(model, torch.cat(changed))
        for name, order in orders.items():
            counts = [math.floor(len(order) * step / STEPS + 0.5) for step in range(STEPS + 1)]
            gone = [set(order[:count]) for count in counts]
            left = [set(order[count:]) for count in counts]
            for curve, removed in (('deletion', gone), ('insertion', left)):
                steps = torch.cat([mixed(image, fills[fill], cells, patch) for cells in removed])
                yield f'{name}/{fill}/{curve}', probability(model, steps)
    yield from ((name, torch.tensor(order)) for name, order in orders.items())
    yield 'rise', rise(model, image, patch)


@torch.no_grad()
def probability(model, images: torch.Tensor, target: int = TARGET) -> torch.Tensor:
    return model(images).softmax(dim=1)[:, target]


def relevance_order(model, image: torch.Tensor, num_prefix: int, query: str) -> list[int]:
    found = trace(model, image, TARGET)
    N = found.attention[0].shape[-1]
    weights = torch.zeros(N).double()
    if query == 'patches':
        weights[num_prefix:] = 1 / (N - num_prefix)
    else:
        weights[0] = 1
    return maps_of(found, weights, num_prefix, None)['relevance'][num_prefix:].argsort(descending=True).tolist()


def centre_order(grid: tuple[int, int]) -> list[int]:
    def squared(cell: int) -> int:
        """Four times the squared distance to the middle: whole numbers, so that equal ones are equal."""
        row, column = divmod(cell, grid[1])
        return (2 * row - grid[0] + 1) ** 2 + (2 * column - grid[1] + 1) ** 2

    return sorted(range(grid[0] * grid[1]), key=squared)


def mixed(image: torch.Tensor, fill: torch.Tensor, removed: set[int], patch: int) -> torch.Tensor:
    columns = image.shape[3] // patch
    result = image.clone()
    for cell in removed:
        row, column = divmod(cell, columns)
        area = (..., slice(row * patch, (row + 1) * patch), slice(column * patch, (column + 1) * patch))
        result[area] = fill[area]
    return result


def blurred(image: torch.Tensor) -> torch.Tensor:
    """By one two-dimensional Gaussian, cut off at three deviations; the border goes on as it is."""
    sigma = min(image.shape[2:]) / 16
    radius = math.ceil(3 * sigma)
    offsets = torch.arange(-radius, radius + 1).double()
    line = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = torch.outer(line, line) / line.sum() ** 2
    padded = functional.pad(image, (radius,) * 4, mode='replicate')
    return functional.conv2d(padded, kernel.expand(3, 1, -1, -1), groups=3)


def rise(model, image: torch.Tensor, patch: int, target: int = TARGET) -> torch.Tensor:
    numbers = uniform(SEED)
    masks = torch.cat([mask(numbers, *image.shape[2:]) for _ in range(MASKS)])
    scores = probability(model, image * masks, target)
    return (scores[:, None] * functional.avg_pool2d(masks, patch).flatten(1)).mean(0) / SHOWN


def mask(numbers: Iterator[float], height: int, width: int) -> torch.Tensor:
    cell = min(height, width) / CELLS
    rows, columns = math.ceil(height / cell) + 2, math.ceil(width / cell) + 2
    coarse = torch.tensor([float(next(numbers) < SHOWN) for _ in range(rows * columns)]).double().view(1, 1, rows, columns)
    top, left = next(numbers), next(numbers)
    y = 2 * (top + (torch.arange(height).double() + 0.5) / cell) / (rows - 1) - 1
    x = 2 * (left + (torch.arange(width).double() + 0.5) / cell) / (columns - 1) - 1
    places = torch.stack([x.expand(height, -1), y[:, None].expand(-1, width)], dim=-1)
    return functional.grid_sample(coarse, places[None], mode='bilinear', align_corners=True)


def uniform(seed: int) -> Iterator[float]:
    """xoshiro128** seeded by SplitMix32, as numbers from 0 to 1."""
    word = 2**32

    def rotated(x: int, by: int) -> int:
        return ((x << by) | (x >> (32 - by))) % word

    def split_mix() -> Iterator[int]:
        state = seed % word
        while True:
            state = (state + 0x9E3779B9) % word
            z = ((state ^ (state >> 16)) * 0x21F0AAAD) % word
            z = ((z ^ (z >> 15)) * 0x735A2D97) % word
            yield z ^ (z >> 15)

    seeds = split_mix()
    s = [next(seeds) for _ in range(4)]
    while True:
        yield rotated(s[1] * 5 % word, 7) * 9 % word / word
        shifted = (s[1] << 9) % word
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = rotated(s[3], 11)


if __name__ == '__main__':
    main()
