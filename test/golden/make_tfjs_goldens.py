"""What the tiny TensorFlow.js models of make_tfjs_models.mjs answer, computed in numpy from their files alone.

    pip install -r test/golden/requirements.txt
    python test/golden/make_tfjs_goldens.py

Reads model.json and the weights of test/golden/tfjs/<name>/ and writes goldens.json and goldens.safetensors beside them:

    pixels, probabilities     two images as the network takes them, what it answers
    files/<picture>           the probabilities of a picture of test/golden/pictures/, by the model's own preprocessing
    cropped/<picture>         the same by another: shorter edge, centre of 0.8, tf.image.resize, pixels of 0 … 255
"""

import json
import math
import pathlib

import environment

PACKAGES = environment.pinned_versions(environment.REQUIREMENTS)

import numpy as np  # noqa: E402
from golden_set import GOLDEN, write_golden_set  # noqa: E402
from PIL import Image  # noqa: E402

SCRIPT = 'test/golden/make_tfjs_goldens.py'
PICTURES = sorted((GOLDEN / 'pictures').iterdir())


def main() -> None:
    for name, (network, size, prepare) in MODELS.items():
        folder = GOLDEN / 'tfjs' / name
        weights = read_weights(folder)
        pixels = np.random.default_rng(len(name)).uniform(-1, 1, (2, *size, 3)).astype(np.float32)
        if network is scaling:
            pixels = np.round(127.5 * (pixels + 1))
        arrays = {'pixels': pixels, 'probabilities': network(weights, pixels.astype(np.float64))}
        for picture in PICTURES:
            image = np.asarray(Image.open(picture).convert('RGB'))
            arrays[f'files/{picture.name}'] = network(weights, prepare(image, size)[None])[0]
            if network is scaling:
                arrays[f'cropped/{picture.name}'] = network(weights, cropped(image, size)[None])[0]
        assert 0.3 < arrays['probabilities'].max(axis=1).mean() < 0.98, arrays['probabilities']
        manifest = {
            'packages': PACKAGES,
            'imageSize': {'height': size[0], 'width': size[1]},
            'numParameters': sum(value.size for key, value in weights.items() if counts(key)),
            'files': [{'path': str(picture.relative_to(GOLDEN.parent.parent))} for picture in PICTURES],
        }
        write_golden_set(folder, SCRIPT, {key: np.asarray(value, np.float32) for key, value in arrays.items()}, **manifest)


def counts(name: str) -> bool:
    return not any(part in name for part in ('moving_', 'axes'))


def read_weights(folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Name → values in float64, as the files have them."""
    weights = {}
    for group in json.loads((folder / 'model.json').read_text())['weightsManifest']:
        data = b''.join((folder / path).read_bytes() for path in group['paths'])
        for spec in group['weights']:
            quantization = spec.get('quantization')
            dtype = np.dtype(quantization['dtype'] if quantization else spec['dtype']).newbyteorder('<')
            size = math.prod(spec['shape']) * dtype.itemsize
            values = np.frombuffer(data[:size], dtype).astype(np.float64)
            if quantization:
                values = values * quantization['scale'] + quantization['min']
            weights[spec['name']] = values.reshape(spec['shape'])
            data = data[size:]
        assert not data
    return weights


# ---- networks ----


def residual(w: dict, x: np.ndarray) -> np.ndarray:
    x = convolve(x, w['stem_conv/kernel'], stride=2)
    norm = (w[f'stem_norm/{part}'] for part in ('gamma', 'beta', 'moving_mean', 'moving_variance'))
    x = np.clip(batch_norm(x, *norm), 0, 6)
    y = depthwise(x, w['depthwise/depthwise_kernel']) + w['depthwise/bias']
    y = np.where(y < 0, 0.25 * y, y)
    y = np.tanh(convolve(y, w['project/kernel']) + w['project/bias'])
    y = np.pad(x + y, ((0, 0), (1, 1), (0, 0), (0, 0)))
    y = pool(y, np.max).mean(axis=(1, 2))
    return softmax(y @ w['classes/kernel'] + w['classes/bias'])


def scaling(w: dict, x: np.ndarray) -> np.ndarray:
    x = np.maximum(convolve(x / 127.5 - 1, w['conv/kernel'], stride=2, padding='VALID') + w['conv/bias'], 0)
    x = pool_same_mean(x)
    x = convolve(depthwise(x, w['separable/depthwise_kernel']), w['separable/pointwise_kernel']) + w['separable/bias']
    x = np.where(x < 0, np.expm1(x), x).max(axis=(1, 2))
    return softmax(x @ w['classes/kernel'] + w['classes/bias'])


def graph(w: dict, x: np.ndarray) -> np.ndarray:
    x = np.clip(convolve(x, w['stem/kernel'], stride=2) + w['stem/bias'], 0, 6)
    x = batch_norm(x, *(w[f'norm/{part}'] for part in ('gamma', 'beta', 'mean', 'variance')))
    x = x + np.maximum(depthwise(x, w['depthwise/kernel']), 0)
    return softmax(x.mean(axis=(1, 2)) @ w['classes/kernel'] + w['classes/bias'])


# ---- layers, images as [B, H, W, C] ----


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int = 1, padding: str = 'SAME') -> np.ndarray:
    rows, columns, _, _ = kernel.shape
    if padding == 'SAME':
        x = np.pad(x, ((0, 0), same(x.shape[1], rows, stride), same(x.shape[2], columns, stride), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (rows, columns), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum('bhwcij,ijco->bhwo', windows, kernel)


def depthwise(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    channels = kernel.shape[2]
    parts = [convolve(x[..., c : c + 1], kernel[:, :, c : c + 1]) for c in range(channels)]
    return np.concatenate(parts, axis=-1)


def same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME: as much padding as makes ceil(size / stride) outputs, an odd pixel at the end."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def batch_norm(x: np.ndarray, gamma, beta, mean, variance) -> np.ndarray:
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def pool(x: np.ndarray, reduce) -> np.ndarray:
    """2 × 2 of stride 2, whole windows only."""
    return reduce(np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, 2))[:, ::2, ::2], axis=(-2, -1))


def pool_same_mean(x: np.ndarray) -> np.ndarray:
    """2 × 2 of stride 2, SAME: what lies beyond the border counts neither in the sum nor in the number."""
    padding = ((0, 0), same(x.shape[1], 2, 2), same(x.shape[2], 2, 2), (0, 0))
    return pool(np.pad(x, padding), np.sum) / pool(np.pad(np.ones_like(x), padding), np.sum)


def softmax(x: np.ndarray) -> np.ndarray:
    exponentials = np.exp(x - x.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


# ---- preprocessing ----


def resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """tf.image.resize(method='bilinear'): half-pixel centres, four neighbours, no antialiasing, not rounded."""
    x = image.astype(np.float64)
    for axis, length in ((0, height), (1, width)):
        at = (np.arange(length) + 0.5) * (x.shape[axis] / length) - 0.5
        low = np.floor(at)
        share = (at - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        first = np.take(x, np.clip(low, 0, x.shape[axis] - 1).astype(int), axis)
        second = np.take(x, np.clip(low + 1, 0, x.shape[axis] - 1).astype(int), axis)
        x = first * (1 - share) + second * share
    return x


def squashed(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return resized(image, *size) / 127.5 - 1


def squashed_as_stored(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return resized(image, *size)


def covering(image: np.ndarray, size: tuple[int, int], crop: float) -> tuple[int, int]:
    height, width = (math.floor(side / crop) for side in size)
    ratio = min(image.shape[0] / height, image.shape[1] / width)
    return round(image.shape[0] / ratio), round(image.shape[1] / ratio)


def centre(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    top, left = (round((whole - part) / 2) for whole, part in zip(image.shape, size))
    return image[top : top + size[0], left : left + size[1]]


def cropped(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return centre(resized(image, *covering(image, size, 0.8)), size)


def as_pillow(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What the graph's patchlens.json says."""
    height, width = covering(image, size, 0.75)
    pillow = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    return (centre(pillow, size) / 255 - 0.5) / np.array([0.25, 0.5, 0.2])


MODELS = {
    'layers-residual': (residual, (13, 11), squashed),
    'layers-scaling': (scaling, (19, 23), squashed_as_stored),
    'graph': (graph, (12, 10), as_pillow),
}

if __name__ == '__main__':
    main()
