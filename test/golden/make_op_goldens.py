"""Forward values and gradients of the tensor ops, computed by torch in float64.

    pip install -r test/golden/requirements.txt
    python test/golden/make_op_goldens.py

Writes test/golden/ops/. Sizes are distinct primes, so that no two axes can be swapped unnoticed. Each case `c` has
its inputs `c/<input>`, its result `c/y`, the gradient that arrives from above `c/dy`, and what that makes of each input
`c/d<input>`. Dense weights are stored [in, out], as the ops take them; torch's own layout is [out, in].
"""

from collections.abc import Callable

import environment
import numpy as np

environment.pinned_versions()

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from golden_set import GOLDEN, write_golden_set  # noqa: E402

B, N, M, H, D_HEAD, D_IN, D_OUT = 2, 7, 11, 3, 5, 13, 17
LAYER_NORM_EPSILON = 1e-6

generator = torch.Generator().manual_seed(20_240_607)
arrays: dict[str, np.ndarray] = {}


def main() -> None:
    linear_cases()
    layer_norm_cases()
    activation_cases()
    attention_cases()
    write_golden_set(
        GOLDEN / 'ops',
        'test/golden/make_op_goldens.py',
        arrays,
        dtype='float64',
        layerNormEpsilon=LAYER_NORM_EPSILON,
        cases=sorted({name.split('/')[0] for name in arrays}),
    )


def record(case: str, op: Callable[..., torch.Tensor], **inputs: torch.Tensor) -> None:
    """Stores the inputs, op(**inputs), a random gradient of it and the gradients of all inputs."""
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in inputs.items()}
    y = op(**leaves)
    dy = normal(*y.shape)
    gradients = torch.autograd.grad(y, list(leaves.values()), dy)
    for name, gradient in zip(leaves, gradients, strict=True):
        assert gradient.isfinite().all(), f'{case}: gradient of {name} is not finite'
        arrays[f'{case}/{name}'] = inputs[name].numpy()
        arrays[f'{case}/d{name}'] = gradient.numpy()
    arrays[f'{case}/y'] = y.detach().numpy()
    arrays[f'{case}/dy'] = dy.numpy()


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def linear_cases() -> None:
    """y = activation(x·weight + bias) + residual."""
    common = {'x': normal(B, N, D_IN), 'weight': normal(D_IN, D_OUT) / D_IN**0.5, 'bias': normal(D_OUT)}
    residual = normal(B, N, D_OUT)
    record('linear', lambda x, weight, bias: x @ weight + bias, **common)
    record('linear-no-bias', lambda x, weight: x @ weight, x=common['x'], weight=common['weight'])
    record('linear-relu', lambda x, weight, bias: F.relu(x @ weight + bias), **common)
    record('linear-gelu', lambda x, weight, bias: F.gelu(x @ weight + bias), **common)
    record('linear-residual', lambda x, weight, bias, residual: x @ weight + bias + residual, **common, residual=residual)
    record(
        'linear-gelu-residual',
        lambda x, weight, bias, residual: F.gelu(x @ weight + bias) + residual,
        **common,
        residual=residual,
    )


def layer_norm_cases() -> None:
    def op(x: torch.Tensor, scale: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, (D_IN,), scale, offset, LAYER_NORM_EPSILON)

    parameters = {'scale': 1 + 0.3 * normal(D_IN), 'offset': normal(D_IN)}
    record('layer-norm', op, x=normal(B, N, D_IN), **parameters)
    # A mean far from zero: E[x²] − E[x]² loses its digits here in float32, the two-pass variance does not.
    record('layer-norm-large-mean', op, x=50 + normal(B, N, D_IN), **parameters)
    # A variance near epsilon: shows where epsilon is added, and which one.
    record('layer-norm-small-variance', op, x=1e-3 * normal(B, N, D_IN), **parameters)


def activation_cases() -> None:
    x = torch.linspace(-6, 6, 97, dtype=torch.float64)
    record('gelu', lambda x: F.gelu(x), x=x)
    record('gelu-tanh', lambda x: F.gelu(x, approximate='tanh'), x=x)
    record('gelu-quick', lambda x: x * torch.sigmoid(1.702 * x), x=x)


def attention_cases() -> None:
    """y = softmax(q·kᵀ / √D_HEAD + mask)·v per head; `weights` is the softmax."""
    q, k, v = (normal(B, H, N, D_HEAD) for _ in range(3))
    record_attention('attention', q, k, v)
    record_attention('attention-cross', q, normal(B, H, M, D_HEAD), normal(B, H, M, D_HEAD))
    record_attention('attention-sharp', 12 * q, k, v)
    record_attention('attention-additive-mask', q, k, v, mask=normal(N, N))
    causal = torch.full((N, N), -torch.inf, dtype=torch.float64).triu(1)
    record_attention('attention-causal-mask', q, k, v, constant_mask=causal)


def record_attention(
    case: str,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    mask: torch.Tensor | None = None,
    constant_mask: torch.Tensor | None = None,
) -> None:
    """`mask` is an input with a gradient; `constant_mask`, stored under the same name, holds −∞ and has none."""

    def weights(q: torch.Tensor, k: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        scores = q @ k.transpose(-2, -1) / D_HEAD**0.5
        return (scores if mask is None else scores + mask).softmax(dim=-1)

    def op(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = constant_mask) -> torch.Tensor:
        return weights(q, k, mask) @ v

    record(case, op, q=q, k=k, v=v, **({} if mask is None else {'mask': mask}))
    if constant_mask is not None:
        arrays[f'{case}/mask'] = constant_mask.numpy()
    either = mask if mask is not None else constant_mask
    arrays[f'{case}/weights'] = weights(q, k, either).numpy()
    expected = F.scaled_dot_product_attention(q, k, v, attn_mask=either)
    assert np.allclose(arrays[f'{case}/y'], expected.numpy(), rtol=1e-12, atol=1e-13)


if __name__ == '__main__':
    main()
