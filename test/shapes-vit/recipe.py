"""How shapes-vit starts and how it is optimised: what lets a plain ViT learn in minutes on a CPU.

A ViT has to discover that neighbouring pixels and neighbouring patches belong together, which takes long from random
weights. So it starts out knowing: patches are read through cosine waves, places are written as sine and cosine waves.
Both are ordinary parameters and train on.
"""

import itertools

import numpy as np
import torch

MUON_ITERATIONS = 5


@torch.no_grad()
def initialise(model: torch.nn.Module) -> None:
    for name, module in model.named_modules():
        if name.startswith('blocks') and isinstance(module, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(module.weight)
    kernel = model.patch_embed.proj.weight
    kernel.copy_(0.5 * _cosine_patches(kernel.shape[0], kernel.shape[2]))
    model.pos_embed[0, 1:] = 0.5 * _waves_over_grid(*model.patch_embed.grid_size, kernel.shape[0])


def _cosine_patches(width: int, patch: int) -> torch.Tensor:
    """[width, 3, patch, patch]: the lowest two-dimensional cosines, a third each for grey, red–green and blue–yellow."""
    lowest = sorted(itertools.product(range(patch), repeat=2), key=sum)[: width // 3]
    phase = np.pi * (np.arange(patch) + 0.5) / patch
    waves = np.stack([np.outer(np.cos(u * phase), np.cos(v * phase)) for u, v in lowest])
    waves /= np.linalg.norm(waves, axis=(1, 2), keepdims=True)
    opponents = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])
    return torch.from_numpy(np.einsum('oc,whx->owchx', opponents, waves).reshape(-1, 3, patch, patch))


def _waves_over_grid(rows: int, columns: int, width: int) -> torch.Tensor:
    """[rows · columns, width]: sines and cosines of row and column, a quarter each, wavelengths of 4 to 80 patches."""
    frequency = 1.5 * 20.0 ** (-np.arange(width // 4) / (width // 4))
    phases = [place[:, None] * frequency for place in np.mgrid[:rows, :columns].reshape(2, -1)]
    return torch.from_numpy(np.concatenate([wave(phase) for phase in phases for wave in (np.sin, np.cos)], axis=1))


class Muon(torch.optim.Optimizer):
    """Momentum whose step is made orthogonal (Jordan et al. 2024), for the matrices inside the blocks.

    torch.optim.Muon does the same in bfloat16, which is slow on most CPUs.
    """

    def __init__(self, parameters: list[torch.nn.Parameter], lr: float, weight_decay: float, momentum: float = 0.95):
        super().__init__(parameters, {'lr': lr, 'weight_decay': weight_decay, 'momentum': momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weight in group['params']:
                average = self.state[weight].setdefault('average', torch.zeros_like(weight))
                average.lerp_(weight.grad, 1 - group['momentum'])
                direction = _orthogonal(weight.grad.lerp(average, group['momentum']))
                tall = max(1, weight.shape[0] / weight.shape[1]) ** 0.5
                weight.mul_(1 - group['lr'] * group['weight_decay']).add_(direction, alpha=-group['lr'] * tall)


def _orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """About U·Vᵀ of the singular value decomposition, by Newton–Schulz iteration with Muon's coefficients."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(MUON_ITERATIONS):
        square = x @ x.T
        x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
    return x.T if tall else x
