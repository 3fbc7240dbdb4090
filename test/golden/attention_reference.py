"""Attention maps as their papers define them, in float64 on a timm Vision Transformer with hooks.

Written from the formulas, with whole matrices where the project goes row by row. Imported by the scripts that make goldens.
"""

import dataclasses

import numpy as np
import torch

DISCARD = 0.5


@dataclasses.dataclass
class Trace:
    """What one image leaves behind: of each layer A and dy/dA [H, N, N], and y's gradient at the last block's norm1."""

    attention: list[torch.Tensor]
    gradients: list[torch.Tensor]
    cam_activations: torch.Tensor  # [N, D]
    cam_gradients: torch.Tensor
    tokens: list[torch.Tensor]  # after each block [N, D]
    logits: torch.Tensor


def trace(model: torch.nn.Module, pixels: torch.Tensor, target: int) -> Trace:
    """Runs one image [1, C, H, W] with hooks. The softmax's result is what goes into attn_drop."""
    kept, handles, tokens, cam = [], [], [], []
    for block in model.blocks:
        block.attn.fused_attn = False
        handles.append(block.attn.attn_drop.register_forward_hook(lambda _m, _i, out: keep(kept, out)))
        handles.append(block.register_forward_hook(lambda _m, _i, out: tokens.append(out.detach()[0])))
    handles.append(model.blocks[-1].norm1.register_forward_hook(lambda _m, _i, out: keep(cam, out)))
    model.zero_grad()
    logits = model(pixels)
    logits[0, target].backward()
    for handle in handles:
        handle.remove()
    return Trace(
        attention=[weights.detach()[0] for weights in kept],
        gradients=[weights.grad[0] for weights in kept],
        cam_activations=cam[0].detach()[0],
        cam_gradients=cam[0].grad[0],
        tokens=tokens,
        logits=logits.detach()[0],
    )


def keep(kept: list, tensor: torch.Tensor) -> None:
    tensor.retain_grad()
    kept.append(tensor)


def maps_of(found: Trace, query: torch.Tensor, num_prefix: int, class_row: int | None) -> dict[str, torch.Tensor]:
    """Every method's values for all tokens [N] (or [L, H, N]), asked by a weighted sum of tokens `query` [N]."""
    A, G = found.attention, found.gradients
    product = [(a * g) for a, g in zip(A, G, strict=True)]
    mean = [a.mean(0) for a in A]
    maximum = [a.max(0).values for a in A]
    last = A[-1], G[-1]
    return {
        'attention': torch.stack([torch.einsum('q,hqk->hk', query, a) for a in A]),
        'attention-max': query @ maximum[-1],
        'attention-min': query @ A[-1].min(0).values,
        'attention-to': mean[-1] @ query,
        'rollout': query @ chain([with_identity(a) for a in mean]),
        'rollout-max-discard': query @ chain([with_identity(discard(a, class_row)) for a in maximum]),
        'gradient-rollout': query @ chain([with_identity(p.mean(0).clamp(min=0)) for p in product]),
        'relevance': query @ chain([torch.eye(p.shape[-1]).double() + p.clamp(min=0).mean(0) for p in product]),
        'relevance-late': query @ chain([torch.eye(p.shape[-1]).double() + p.clamp(min=0).mean(0) for p in product[-2:]]),
        'attention-gradient': query @ product[-1].clamp(min=0).mean(0),
        'attention-gradient-late': query @ sum(p.clamp(min=0).mean(0) for p in product[-2:]) / 2,
        'attention-cam': attention_cam(*last, query, num_prefix),
        'token-norm': found.tokens[-1].norm(dim=-1),
        'token-similarity': torch.nn.functional.cosine_similarity(
            found.tokens[-1], (query @ found.tokens[-1])[None], dim=-1
        ),
        'token-colours': colours(found.tokens[-1][num_prefix:]),
    }


def with_identity(matrix: torch.Tensor) -> torch.Tensor:
    raw = matrix + torch.eye(len(matrix)).double()
    return raw / raw.sum(dim=1, keepdim=True)


def discard(matrix: torch.Tensor, keep_row: int | None) -> torch.Tensor:
    """Without the smallest half of all values, except those of the class token's row."""
    count = int(DISCARD * matrix.numel())
    lowest = matrix.flatten().argsort(stable=True)[:count]
    dropped = matrix.flatten().clone()
    dropped[lowest] = 0
    dropped = dropped.reshape(matrix.shape)
    if keep_row is not None:
        dropped[keep_row] = matrix[keep_row]
    return dropped


def chain(steps: list[torch.Tensor]) -> torch.Tensor:
    """S_L · … · S_1."""
    product = torch.eye(len(steps[0])).double()
    for step in steps:
        product = step @ product
    return product


def attention_cam(weights: torch.Tensor, gradients: torch.Tensor, query: torch.Tensor, num_prefix: int) -> torch.Tensor:
    row = torch.einsum('q,hqk->hk', query, weights)
    gradient = torch.einsum('q,hqk->hk', query, gradients)[:, num_prefix:].mean(dim=1, keepdim=True)
    return (gradient * row).mean(0).clamp(min=0)


def grad_cam(found: Trace, num_prefix: int) -> torch.Tensor:
    """Of the patches alone [n], at the last block's norm1."""
    activations, gradients = found.cam_activations[num_prefix:], found.cam_gradients[num_prefix:]
    return (activations @ gradients.mean(0)).clamp(min=0)


def feature_grad_cam(model: torch.nn.Module, features: torch.nn.Module, pixels: torch.Tensor, target: int) -> torch.Tensor:
    """Grad-CAM on the features [1, C, h, w] that a module of a convolutional network gives. [h·w]"""
    kept = []
    handle = features.register_forward_hook(lambda _m, _i, out: keep(kept, out))
    model.zero_grad()
    model(pixels)[0, target].backward()
    handle.remove()
    activations, gradients = kept[0].detach()[0], kept[0].grad[0]
    return torch.einsum('c,chw->hw', gradients.mean(dim=(1, 2)), activations).clamp(min=0).flatten()


def colours(patches: torch.Tensor) -> torch.Tensor:
    """The first three principal components of the patches, each from its least to its greatest value. [n, 3]"""
    components, _ = principal_components(patches, 3)
    projected = (patches - patches.mean(0)) @ torch.from_numpy(components).T
    least, greatest = projected.min(0).values, projected.max(0).values
    return (projected - least) / (greatest - least)


def head_statistics(attention: torch.Tensor, grid: tuple[int, int], num_prefix: int) -> dict[str, torch.Tensor]:
    """Of one layer [H, N, N]: distances in patches, entropies in nats, shares of the prefix tokens."""
    rows, columns = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing='ij')
    places = torch.stack([rows.flatten(), columns.flatten()], 1).double()
    patches = attention[:, num_prefix:, num_prefix:]
    shares = patches / patches.sum(-1, keepdim=True)
    queries = attention[:, num_prefix:]
    return {
        'distance': (shares * torch.cdist(places, places)).sum(-1).mean(-1),
        'entropy': torch.special.entr(queries).sum(-1).mean(-1),
        'prefix': queries[..., :num_prefix].mean(1),
    }


def principal_components(rows: torch.Tensor, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors [count, D], the greatest coordinate of each positive, and their shares of the variance."""
    centred = rows - rows.mean(0)
    _, values, vectors = torch.linalg.svd(centred, full_matrices=False)
    vectors = vectors[:count]
    signs = vectors[torch.arange(len(vectors)), vectors.abs().argmax(1)].sign()
    return (vectors * signs[:, None]).numpy(), (values**2 / (values**2).sum())[:count].numpy()
