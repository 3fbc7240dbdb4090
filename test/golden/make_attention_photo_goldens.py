"""Attention maps of ViT-Ti/16 on photographs: every method, in float64 with hooks.

    pip install -r test/golden/requirements.txt
    python test/golden/make_attention_photo_goldens.py ../shared/assets

Takes the folder that holds `vit-tiny-patch16-224` and `photos`. Writes test/golden/attention-photos/, arrays
`<photo>/<method>` in float32, [197] each, [196] for grad-cam, occlusion and rise, [196, 3] for token-colours; methods of a class
explain the likeliest one, and relevance also `otherTarget`. Occlusion, a pass for each patch, is of the first photograph.
Photographs go through timm's own preprocessing.
"""

import pathlib
import sys

import environment

environment.pinned_versions()
environment.declare_torchvision_ops()

import timm  # noqa: E402
import torch  # noqa: E402
from attention_reference import grad_cam, maps_of, trace  # noqa: E402
from golden_set import GOLDEN, write_golden_set  # noqa: E402
from make_perturbation_goldens import MASKS, SEED, mixed, rise  # noqa: E402
from PIL import Image  # noqa: E402

MODEL = 'vit-tiny-patch16-224'
PHOTOS = ('chelsea.png', 'coffee.png', 'parrot.jpg', 'bird.bmp', 'dragonfly.bmp', 'hot_dog.jpg')
METHODS = (
    'rollout',
    'rollout-max-discard',
    'gradient-rollout',
    'relevance',
    'attention-gradient',
    'attention-cam',
    'grad-cam',
    'token-norm',
    'token-similarity',
    'token-colours',
)
OTHER_TARGET = 207  # golden retriever: on none of the photographs


def main() -> None:
    assets = pathlib.Path(sys.argv[1])
    torch.set_num_threads(1)
    model = timm.create_model(f'local-dir:{assets / MODEL}', pretrained=True).eval()
    transform = timm.data.create_transform(**timm.data.resolve_data_config(model=model))
    model = model.double()
    arrays, targets = {}, {}
    for photo in PHOTOS:
        pixels = transform(Image.open(assets / 'photos' / photo).convert('RGB'))[None].double()
        with torch.no_grad():
            target = model(pixels).argmax().item()
        targets[photo] = target
        maps = explained(model, pixels, target)
        arrays |= {f'{photo}/{method}': maps[method].float().numpy() for method in METHODS}
        # The last layer's rows of the class token, by head.
        arrays[f'{photo}/attention'] = maps['attention'][-1].float().numpy()
        arrays[f'{photo}/relevance-other'] = explained(model, pixels, OTHER_TARGET)['relevance'].float().numpy()
        arrays[f'{photo}/rise'] = rise(model, pixels, 16, target).float().numpy()
        if photo == PHOTOS[0]:
            arrays[f'{photo}/occlusion'] = occlusion(model, pixels, target).float().numpy()
    write_golden_set(
        GOLDEN / 'attention-photos',
        'test/golden/make_attention_photo_goldens.py',
        arrays,
        model=MODEL,
        targets=targets,
        otherTarget=OTHER_TARGET,
        methods=list(METHODS),
        masks=MASKS,
        seed=SEED,
    )


def explained(model: torch.nn.Module, pixels: torch.Tensor, target: int) -> dict[str, torch.Tensor]:
    found = trace(model, pixels, target)
    query = torch.zeros(found.attention[0].shape[-1]).double()
    query[0] = 1
    return maps_of(found, query, 1, 0) | {'grad-cam': grad_cam(found, 1)}


@torch.no_grad()
def occlusion(model: torch.nn.Module, pixels: torch.Tensor, target: int) -> torch.Tensor:
    """Fall of the target's probability with each patch grey, which is zero after normalisation."""
    images = [pixels] + [mixed(pixels, torch.zeros_like(pixels), {cell}, 16) for cell in range(196)]
    found = torch.cat([model(image).softmax(dim=1)[:, target] for image in images])
    return found[0] - found[1:]


if __name__ == '__main__':
    main()
