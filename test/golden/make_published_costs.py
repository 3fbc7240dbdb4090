"""What one image costs the published networks, counted from the operators that torch runs for it.

    pip install -r test/golden/requirements.txt
    python test/golden/make_published_costs.py

Writes test/golden/published-costs.json: library → variant → image size, and

    multiplyAdds             by torch.utils.flop_counter, which knows convolutions and matrix products
    multiplyAddsWithNorms    the same and 5 for each value of a layer norm, 2 of a batch norm, as timm's published
                             tables count (by fvcore, which counts the pooled values too: at most 0.0002 G)
    activations              values that convolutions and matrix products put out
"""

import json

import environment

PACKAGES = environment.pinned_versions(environment.REQUIREMENTS)
environment.declare_torchvision_ops()

import timm  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402
from golden_set import GOLDEN, VERSION  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

SCRIPT = 'test/golden/make_published_costs.py'
CNNS = (224, 224), (225, 197)
VARIANTS = {
    'timm': {
        **{
            name: ((size, size),)
            for name, size in {
                'vit_tiny_patch16_224': 224,
                'vit_small_patch32_384': 384,
                'vit_base_patch16_224': 224,
                'vit_base_patch16_clip_224': 224,
                'vit_medium_patch16_reg4_gap_256': 256,
                'deit_base_distilled_patch16_224': 224,
                'vit_base_patch14_dinov2': 518,
                'vit_giant_patch14_dinov2': 518,
            }.items()
        },
        **{
            name: CNNS
            for name in (
                *('resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152', 'wide_resnet50_2'),
                *('mobilenetv2_100', 'mobilenetv2_140', 'convnext_tiny', 'convnext_small'),
            )
        },
    },
    'torchvision': {name: CNNS for name in ('resnet50', 'mobilenet_v2', 'convnext_tiny')},
}

PRODUCTS = ('convolution', 'addmm', 'mm', 'bmm', 'baddbmm')
PER_VALUE = {'native_layer_norm': 5, 'native_batch_norm': 2}


class Operators(TorchDispatchMode):
    """Counts what the products and the norms put out."""

    def __init__(self) -> None:
        super().__init__()
        self.products = 0
        self.norms = dict.fromkeys(PER_VALUE, 0)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in PRODUCTS:
            self.products += output.numel()
        elif name in PER_VALUE:
            self.norms[name] += output[0].numel()
        else:
            assert not any(part in name for part in ('conv', 'mm', 'norm', 'attention', 'linear', 'einsum')), name
        return output


def main() -> None:
    # Attention as two products and a softmax, so that their outputs are counted as such.
    timm.layers.set_fused_attn(False)
    costs = {
        library: {name: facts(library, name, sizes) for name, sizes in variants.items()}
        for library, variants in VARIANTS.items()
    }
    path = GOLDEN / 'published-costs.json'
    manifest = {'version': VERSION, 'script': SCRIPT, 'packages': PACKAGES, 'costs': costs}
    path.write_text(json.dumps(manifest, indent=2) + '\n')
    print(f'{path.name}: {sum(len(variants) for variants in costs.values())} variants')


def facts(library: str, name: str, sizes: tuple) -> dict:
    with torch.device('meta'):  # shapes without values
        model = timm.create_model(name) if library == 'timm' else torchvision.models.get_model(name)
        if library == 'timm' and model.num_classes == 0:
            model.reset_classifier(1000)
    return {
        'numParameters': sum(parameter.numel() for parameter in model.parameters()),
        'costs': [cost(model.eval(), *size) for size in sizes],
    }


@torch.no_grad()
def cost(model: nn.Module, height: int, width: int) -> dict:
    image = torch.empty(1, 3, height, width, device='meta')
    flops = FlopCounterMode(display=False)
    with flops:
        model(image)
    operators = Operators()
    with operators:
        model(image)
    multiply_adds, rest = divmod(flops.get_total_flops(), 2)
    assert rest == 0
    norms = sum(PER_VALUE[name] * values for name, values in operators.norms.items())
    return {
        'height': height,
        'width': width,
        'multiplyAdds': multiply_adds,
        'multiplyAddsWithNorms': multiply_adds + norms,
        'activations': operators.products,
    }


if __name__ == '__main__':
    main()
