"""What one image costs the networks of the golden sets, counted from the kernels that torch runs for it.

    pip install -r test/golden/requirements.txt -r test/golden/requirements-families.txt
    python test/golden/make_cost_goldens.py

Writes test/golden/costs.json: folder of the golden set → multiply-adds of convolutions and matrix products (half of what
torch's own FlopCounterMode counts), the same with norms by the convention of fvcore, with which timm lists its models (5
for each value of a layer norm, 2 for each of a batch norm), and the values that convolutions and matrix products put out.
"""

import json
import pathlib
import tempfile
import zlib

import environment

environment.pinned_versions(environment.REQUIREMENTS, environment.FAMILY_REQUIREMENTS)
environment.declare_torchvision_ops()

import cnn_timm  # noqa: E402
import cnn_torchvision  # noqa: E402
import cnn_transformers  # noqa: E402
import family_timm  # noqa: E402
import family_torchvision  # noqa: E402
import family_transformers  # noqa: E402
import torch  # noqa: E402
from golden_set import GOLDEN, VERSION  # noqa: E402
from timm.layers import set_fused_attn  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

SETS = {
    'cnns': (cnn_torchvision, cnn_timm, cnn_transformers),
    'families': (family_timm, family_transformers, family_torchvision),
}
aten = torch.ops.aten
# The value of each output by fvcore.
NORMS = {aten.native_layer_norm.default: 5, aten.native_batch_norm.default: 2}


class Counter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.multiply_adds = self.norms = self.activations = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        output = function(*args, **(kwargs or {}))
        if function is aten.convolution.default:
            self.product(output, args[1][0].numel())
        elif function in (aten.mm.default, aten.bmm.default):
            self.product(output, args[0].shape[-1])
        elif function in (aten.addmm.default, aten.baddbmm.default):
            self.product(output, args[1].shape[-1])
        elif function in NORMS:
            self.norms += NORMS[function] * output[0].numel()
        return output

    def product(self, output: torch.Tensor, inner: int) -> None:
        self.multiply_adds += output.numel() * inner
        self.activations += output.numel()


def cost(subject) -> dict[str, int]:
    pixels = torch.zeros((1, 3, *subject.image_size))
    # One fused kernel for attention would hide its products.
    with torch.no_grad(), torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        with Counter() as counter:
            subject.logits(pixels)
        with FlopCounterMode(display=False) as flops:
            subject.logits(pixels)
    assert 2 * counter.multiply_adds == flops.get_total_flops(), (counter.multiply_adds, flops.get_total_flops())
    return {
        'multiplyAdds': counter.multiply_adds,
        'multiplyAddsWithNorms': counter.multiply_adds + counter.norms,
        'activations': counter.activations,
    }


def main() -> None:
    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)
    set_fused_attn(False)
    costs = {}
    for folder, families in SETS.items():
        for family in families:
            for name, variant in family.VARIANTS.items():
                generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
                with tempfile.TemporaryDirectory() as temporary:
                    costs[f'{folder}/{name}'] = cost(family.make(pathlib.Path(temporary), variant, generator))
    goldens = {'version': VERSION, 'script': 'test/golden/make_cost_goldens.py', 'costs': costs}
    (GOLDEN / 'costs.json').write_text(json.dumps(goldens, indent=1) + '\n')


if __name__ == '__main__':
    main()
