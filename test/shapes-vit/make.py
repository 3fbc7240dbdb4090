"""Makes everything of shapes-vit: trains it on drawn pictures, saves it, draws the sample images, records the goldens.

    pip install -r test/golden/requirements.txt
    python test/shapes-vit/make.py

Takes a quarter of an hour on two busy CPU cores. Writes model.safetensors and config.json beside this file,
test/shapes-vit/pictures/<class>/*.png, and test/golden/shapes-vit.json. Everything is seeded; another CPU may still round sums
differently and so end at other weights of the same quality.
"""

import argparse
import json
import math
import multiprocessing
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / 'test/golden'))

import environment  # noqa: E402

VERSIONS = environment.pinned_versions()
environment.declare_torchvision_ops()

import numpy as np  # noqa: E402
import safetensors.torch  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from recipe import Muon, initialise  # noqa: E402
from render import CLASSES, draw_picture  # noqa: E402
from timm.models._hub import save_for_hf  # noqa: E402

IMAGE_SIZE = 96
MODEL_ARGS = {'img_size': IMAGE_SIZE, 'embed_dim': 96, 'depth': 4, 'num_heads': 3}
PREPROCESSING = {
    'input_size': (3, IMAGE_SIZE, IMAGE_SIZE),
    'interpolation': 'bicubic',
    'crop_pct': 1.0,
    'crop_mode': 'center',
    'mean': (0.5, 0.5, 0.5),
    'std': (0.5, 0.5, 0.5),
}

# Which stream of random pictures: none is shared, so that neither held-out nor sample pictures were trained on.
TRAINING, HELD_OUT, SAMPLES = 0, 1, 2
TRAINING_PICTURES, HELD_OUT_PICTURES = 40_000, 8_000
STEPS, BATCH_SIZE, WARM_UP = 2400, 64, 100
MUON_RATE, ADAM_RATE, WEIGHT_DECAY, LABEL_SMOOTHING = 0.02, 2e-3, 0.05, 0.05

# The picture of pictures/<class>/<name>.png is the one of this seed.
SAMPLE_SEEDS = {
    'circle': {'red': 4, 'blue': 8},
    'crescent': {'gold': 19, 'blue': 22},
    'cross': {'turquoise': 31, 'red': 35},
    'heart': {'coral': 48, 'pink': 49},
    'ring': {'violet': 60, 'red': 61},
    'square': {'violet': 72, 'coral': 75},
    'star': {'red': 87, 'gold': 89},
    'triangle': {'yellow': 101, 'orange': 109},
}


def main() -> None:
    parser = argparse.ArgumentParser(description='Train shapes-vit, save it, draw the pictures, record the goldens.')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--keep-weights', action='store_true', help='only redraw the samples and record the goldens')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    if not options.keep_weights:
        model = train(draw_set(TRAINING, TRAINING_PICTURES, options.threads))
        save(model)
    model = timm.create_model(f'local-dir:{HERE}', pretrained=True).eval()  # from here on: the rounded weights, as published
    pictures, labels = draw_set(HELD_OUT, HELD_OUT_PICTURES, options.threads)
    report(predict(model, pictures).argmax(dim=1), labels)
    draw_samples()
    record_goldens(model)


def draw_set(stream: int, count: int, processes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """[count, 3, IMAGE_SIZE, IMAGE_SIZE] uint8 pictures and their class indices, every class equally often."""
    with multiprocessing.Pool(processes) as pool:
        pictures = pool.starmap(draw_numbered, ((stream, index) for index in range(count)), chunksize=500)
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
    return stacked, torch.arange(count) % len(CLASSES)


def draw_numbered(stream: int, index: int) -> np.ndarray:
    rng = np.random.default_rng([stream, index])
    return np.asarray(draw_picture(CLASSES[index % len(CLASSES)], IMAGE_SIZE, rng))


def train(data: tuple[torch.Tensor, torch.Tensor]) -> torch.nn.Module:
    torch.manual_seed(0)
    pictures, labels = data
    model = timm.create_model(
        'vit_tiny_patch16_224',
        num_classes=len(CLASSES),
        pretrained_cfg_overlay={
            **PREPROCESSING,
            'num_classes': len(CLASSES),
            'tag': 'shapes',
            'custom_load': False,
            'license': 'mit',
        },
        **MODEL_ARGS,
    )
    initialise(model)
    optimizers = optimizers_for(model)
    schedules = [torch.optim.lr_scheduler.LambdaLR(optimizer, learning_rate_factor) for optimizer in optimizers]
    started = time.perf_counter()
    for step in range(1, STEPS + 1):
        chosen = torch.randint(len(pictures), (BATCH_SIZE,))
        logits = model(normalise(augment(pictures[chosen])))
        loss = torch.nn.functional.cross_entropy(logits, labels[chosen], label_smoothing=LABEL_SMOOTHING)
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for part in (*optimizers, *schedules):
            part.step()
        if step % 50 == 0:
            accuracy = (logits.argmax(dim=1) == labels[chosen]).float().mean()
            print(f'step {step}  loss {loss:.3f}  accuracy {accuracy:.3f}  {time.perf_counter() - started:.0f} s', flush=True)
    return model


def optimizers_for(model: torch.nn.Module) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for all else."""
    named = list(model.named_parameters())
    matrices = {name for name, parameter in named if name.startswith('blocks') and parameter.ndim == 2}
    return [
        Muon([parameter for name, parameter in named if name in matrices], lr=MUON_RATE, weight_decay=0.01),
        torch.optim.AdamW(
            [parameter for name, parameter in named if name not in matrices],
            lr=ADAM_RATE,
            weight_decay=WEIGHT_DECAY,
            betas=(0.9, 0.98),
        ),
    ]


def learning_rate_factor(step: int) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP)))


def augment(batch: torch.Tensor) -> torch.Tensor:
    """Mirrored, swapped and inverted colours: none changes what shape it is."""
    if torch.rand(()) < 0.5:
        batch = batch.flip(3)
    batch = batch[:, torch.randperm(3)]
    return 255 - batch if torch.rand(()) < 0.5 else batch


def normalise(batch: torch.Tensor) -> torch.Tensor:
    return batch.float().div(255).sub(0.5).div(0.5)


@torch.inference_mode()
def predict(model: torch.nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    """Probabilities, [pictures, classes]."""
    return torch.cat([model(normalise(batch)).softmax(dim=1) for batch in pictures.split(250)])


def save(model: torch.nn.Module) -> None:
    """As timm publishes a model, with float16 weights to halve the file."""
    save_for_hf(
        model.half(),
        str(HERE),
        model_config={'label_names': list(CLASSES)},
        model_args=MODEL_ARGS,
        safe_serialization=True,
    )


def report(predicted: torch.Tensor, labels: torch.Tensor) -> None:
    parameters = sum(tensor.numel() for tensor in safetensors.torch.load_file(HERE / 'model.safetensors').values())
    print(f'{parameters} parameters, held-out accuracy {(predicted == labels).float().mean():.4f} of {len(labels)}')
    for index, name in enumerate(CLASSES):
        print(f'  {name:9}{(predicted[labels == index] == index).float().mean():.4f}')


def draw_samples() -> None:
    for name, seeds in SAMPLE_SEEDS.items():
        folder = HERE / 'pictures' / name
        folder.mkdir(parents=True, exist_ok=True)
        for title, seed in seeds.items():
            picture = draw_picture(name, 256, np.random.default_rng([SAMPLES, seed]), pretty=True)
            picture.quantize(64, dither=Image.Dither.NONE).save(folder / f'{title}.png', optimize=True)


@torch.inference_mode()
def record_goldens(model: torch.nn.Module) -> None:
    """What timm answers for the sample images, from the file to the probability."""
    transform = timm.data.create_transform(**timm.data.resolve_data_config(model=model))
    images = []
    for path in sorted((HERE / 'pictures').glob('*/*.png')):
        pixels = transform(Image.open(path).convert('RGB')).unsqueeze(0)
        logits = model(pixels)[0]
        images.append({
            'path': path.relative_to(ROOT).as_posix(),
            'label': CLASSES[int(logits.argmax())],
            'logits': [float(value) for value in logits],
            'probabilities': [float(value) for value in logits.softmax(dim=0)],
        })
        right = path.parent.name == images[-1]['label']
        print(f"{images[-1]['path']}: {images[-1]['label']} {max(images[-1]['probabilities']):.4f}{'' if right else '  WRONG'}")
    golden = {
        'version': 1,
        'script': 'test/shapes-vit/make.py',
        'packages': VERSIONS,
        'model': 'test/shapes-vit',
        'labels': CLASSES,
        'images': images,
    }
    (ROOT / 'test/golden/shapes-vit.json').write_text(json.dumps(golden, indent=2) + '\n')


if __name__ == '__main__':
    main()
