"""A tiny Vision Transformer with random weights, and what timm computes with it, stage by stage.

    pip install -r test/golden/requirements.txt
    python test/golden/make_vit_goldens.py

Writes two timm model folders with their golden sets, test/golden/vit-tiny-random/ (class token, three blocks) and
test/golden/vit-tiny-random-avg/ (mean pooling with fc_norm, one block), and the pictures of test/golden/pictures/.
A parity test fails at one of three tiers, and the tier says where to look:

    1  normalised pixels → every stage        the network
    2  uint8 pixels → logits                  scaling and normalisation
    3  image file → pixels → probabilities    decoding, resize, crop

Images are stored as [B, H, W, C].
"""

import pathlib

import environment

environment.pinned_versions()
environment.declare_torchvision_ops()

import numpy as np  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
from golden_set import GOLDEN, write_golden_set  # noqa: E402
from PIL import Image, ImageDraw, ImageFilter  # noqa: E402
from timm.layers import set_fused_attn  # noqa: E402
from timm.models._hub import save_for_hf  # noqa: E402

SCRIPT = 'test/golden/make_vit_goldens.py'
IMAGE_SIZE = 48
OTHER_SIZE = (64, 80)  # height, width: a 4 × 5 grid of patches where the weights were made for 3 × 3
LABELS = ('ant', 'bee', 'cat', 'dog', 'eel', 'fox', 'gnu')

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

VARIANTS = {
    'vit-tiny-random': {
        'seed': 11,
        'model_args': {'img_size': IMAGE_SIZE, 'embed_dim': 36, 'depth': 3, 'num_heads': 3, 'mlp_ratio': 3},
        # 48 / 0.9 → shorter edge 53: the margin of 5 is odd, so that crop rounding shows.
        'preprocessing': {'interpolation': 'bicubic', 'crop_pct': 0.9, 'mean': (0.5,) * 3, 'std': (0.5,) * 3},
    },
    'vit-tiny-random-avg': {
        'seed': 12,
        'model_args': {
            'img_size': IMAGE_SIZE,
            'embed_dim': 20,
            'depth': 1,
            'num_heads': 2,
            'mlp_ratio': 3,
            'global_pool': 'avg',
        },
        'preprocessing': {'interpolation': 'bilinear', 'crop_pct': 0.875, 'mean': IMAGENET_MEAN, 'std': IMAGENET_STD},
    },
}

PICTURES = ('landscape.png', 'portrait.jpg')


def main() -> None:
    torch.set_num_threads(1)
    set_fused_attn(False)  # the fused kernel never forms the attention weights
    draw_pictures(GOLDEN / 'pictures')
    for name, variant in VARIANTS.items():
        make_variant(GOLDEN / name, variant)


@torch.no_grad()
def make_variant(folder: pathlib.Path, variant: dict) -> None:
    generator = torch.Generator().manual_seed(variant['seed'])
    save_random_model(folder, variant, generator)
    model = load(folder)
    stages = run_stages(model, torch.randn((2, 3, IMAGE_SIZE, IMAGE_SIZE), generator=generator))
    check_liveliness(stages)
    arrays = {f'stages/{name}': activation for name, activation in stages.items()}
    arrays['stages/pixels'] = channels_last(stages['pixels'])
    arrays |= bytes_tier(model, generator)
    files, file_arrays = files_tier(model)
    arrays |= file_arrays | other_size(folder, generator)
    write_golden_set(
        folder,
        SCRIPT,
        {name: tensor.numpy() for name, tensor in arrays.items()},
        dtype='float32',
        stages=list(stages),
        files=files,
        otherSize=dict(zip(('height', 'width'), OTHER_SIZE, strict=True)),
    )


# The model


def save_random_model(folder: pathlib.Path, variant: dict, generator: torch.Generator) -> None:
    """A real timm model with weights that keep every stage lively, saved the way timm publishes models."""
    preprocessing = {'input_size': (3, IMAGE_SIZE, IMAGE_SIZE), 'crop_mode': 'center', **variant['preprocessing']}
    model = timm.create_model(
        'vit_tiny_patch16_224',
        num_classes=len(LABELS),
        pretrained_cfg_overlay={**preprocessing, 'tag': 'random', 'custom_load': False, 'license': 'mit'},
        **variant['model_args'],
    )
    for name, parameter in model.named_parameters():
        parameter.copy_(random_parameter(name, parameter.shape, generator))
    save_for_hf(
        model,
        str(folder),
        model_config={'label_names': list(LABELS)},
        model_args=variant['model_args'],
        safe_serialization=True,
    )


def random_parameter(name: str, shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """timm's own initial values (deviation 0.02, zero biases, unit scales) would hide most mistakes."""
    noise = torch.randn(shape, generator=generator)
    if 'norm' in name:
        return 1 + 0.3 * noise if name.endswith('weight') else 0.3 * noise
    if name.endswith('bias'):
        return 0.3 * noise
    if name in ('cls_token', 'pos_embed'):
        return 0.5 * noise
    fan_in = shape[1:].numel()
    gain = 1.3 if 'qkv' in name else 1.0
    return gain * noise / fan_in**0.5


def load(folder: pathlib.Path) -> torch.nn.Module:
    """As a user of timm would: from the folder alone."""
    return timm.create_model(f'local-dir:{folder}', pretrained=True).eval()


def run_stages(model: torch.nn.Module, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Name → activation in the order of computation; `blocks.i` is what block i hands on."""
    stages = {'pixels': pixels, 'patches': model.patch_embed(pixels)}
    stages['tokens'] = x = model.norm_pre(model._pos_embed(stages['patches']))
    for index, block in enumerate(model.blocks):
        prefix = f'blocks.{index}'
        stages[f'{prefix}.norm1'] = normed = block.norm1(x)
        stages[f'{prefix}.attention.weights'] = attention_weights(block.attn, normed)
        stages[f'{prefix}.attention'] = block.attn(normed)
        stages[f'{prefix}.attended'] = attended = x + stages[f'{prefix}.attention']
        stages[f'{prefix}.norm2'] = block.norm2(attended)
        stages[f'{prefix}.mlp'] = block.mlp(stages[f'{prefix}.norm2'])
        stages[prefix] = x = attended + stages[f'{prefix}.mlp']
    if model.global_pool == 'avg':
        stages['pooled'] = model.pool(x)
        stages['norm'] = features = model.fc_norm(stages['pooled'])
    else:
        stages['norm'] = model.norm(x)
        stages['pooled'] = features = model.pool(stages['norm'])
    stages['logits'] = model.head(features)
    stages['probabilities'] = stages['logits'].softmax(dim=1)
    assert torch.equal(stages['logits'], model(pixels)), 'the stages do not add up to the model'
    return stages


def attention_weights(attention: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """[B, N, D] → [B, heads, N, N], the softmax inside timm's Attention."""
    B, N, _ = x.shape
    q, k, v = attention.qkv(x).reshape(B, N, 3, attention.num_heads, attention.head_dim).permute(2, 0, 3, 1, 4)
    weights = ((q * attention.scale) @ k.transpose(-2, -1)).softmax(dim=-1)
    assert torch.equal(attention.proj((weights @ v).transpose(1, 2).reshape(x.shape)), attention(x))
    return weights


def check_liveliness(stages: dict[str, torch.Tensor]) -> None:
    """Refuses weights under which a wrong stage could pass unseen: flat or saturated softmax, dead activations."""
    for name, activation in stages.items():
        if name.endswith('attention.weights'):
            peak = activation.max(dim=-1).values.mean()
            assert 0.2 < peak < 0.8, f'{name}: mean peak {peak:.2f}'
        elif name not in ('pixels', 'probabilities'):
            assert 0.2 < activation.std() < 10, f'{name}: deviation {activation.std():.2f}'
    assert 0.3 < stages['probabilities'].max(dim=1).values.mean() < 0.95


# The other tiers


def bytes_tier(model: torch.nn.Module, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Stored bytes to logits; the normalisation is the checkpoint's."""
    pixels = torch.randint(0, 256, (2, 3, IMAGE_SIZE, IMAGE_SIZE), generator=generator, dtype=torch.uint8)
    mean, std = (torch.tensor(model.pretrained_cfg[key]).view(3, 1, 1) for key in ('mean', 'std'))
    return {
        'bytes/pixels': channels_last(pixels),
        'bytes/logits': model((pixels.float() / 255 - mean) / std),
    }


def files_tier(model: torch.nn.Module) -> tuple[list[dict], dict[str, torch.Tensor]]:
    """Image files through timm's own transform, to the five likeliest classes."""
    transform = timm.data.create_transform(**timm.data.resolve_data_config(model=model))
    files, arrays = [], {}
    for name in PICTURES:
        pixels = transform(Image.open(GOLDEN / 'pictures' / name).convert('RGB')).unsqueeze(0)
        logits = model(pixels)
        arrays |= {f'files/{name}/pixels': channels_last(pixels), f'files/{name}/logits': logits}
        top = logits[0].softmax(dim=0).topk(5)
        files.append({
            'path': f'test/golden/pictures/{name}',
            'predictions': [
                {'index': index, 'label': LABELS[index], 'probability': probability}
                for probability, index in zip(top.values.tolist(), top.indices.tolist(), strict=True)
            ],
        })
    return files, arrays


def other_size(folder: pathlib.Path, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """The same weights on a larger, oblong image: timm resamples the position embeddings."""
    model = load(folder)
    model.set_input_size(OTHER_SIZE)
    pixels = torch.randn((1, 3, *OTHER_SIZE), generator=generator)
    return {
        'other-size/pixels': channels_last(pixels),
        'other-size/positions': model.pos_embed,
        'other-size/logits': model(pixels),
    }


def channels_last(images: torch.Tensor) -> torch.Tensor:
    """[B, 3, H, W] → [B, H, W, 3]"""
    return images.permute(0, 2, 3, 1)


def draw_pictures(folder: pathlib.Path) -> None:
    """Two pictures with what makes decoders and resamplers differ: smooth slopes, fine lines, saturated colours."""
    folder.mkdir(exist_ok=True)
    landscape = draw_scene(90, 70, np.random.default_rng(1))
    landscape.save(folder / 'landscape.png', optimize=True)
    portrait = draw_scene(70, 90, np.random.default_rng(2))
    portrait.save(folder / 'portrait.jpg', quality=90, subsampling='4:2:0')


def draw_scene(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width] / [[[height]], [[width]]]
    sky = np.stack([90 + 120 * y, 140 + 60 * x * y, 230 - 90 * y], axis=2)
    scene = Image.fromarray(sky.astype(np.uint8))
    canvas = ImageDraw.Draw(scene)
    canvas.ellipse((width * 0.6, height * 0.1, width * 0.6 + 18, height * 0.1 + 18), fill=(255, 240, 120))
    slope = height * (0.65 + 0.12 * np.sin(np.linspace(0, 5, width) + rng.uniform(0, 3)))
    canvas.polygon([(0, height), *enumerate(slope.tolist()), (width, height)], fill=(40, 120, 60))
    scene = scene.filter(ImageFilter.GaussianBlur(0.8))
    canvas = ImageDraw.Draw(scene)
    canvas.rectangle((width * 0.15, height * 0.5, width * 0.4, height * 0.85), fill=(200, 30, 40))
    for line in range(6):
        canvas.line((width * 0.15 + 3 * line, height * 0.5, width * 0.15 + 3 * line, height * 0.85), fill=(250, 250, 250))
    noisy = np.asarray(scene) + rng.normal(0, 4, (height, width, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


if __name__ == '__main__':
    main()
