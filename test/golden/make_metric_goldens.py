"""Statistics of classifiers as numpy, scipy and scikit-learn compute them.

    pip install numpy==2.4.6 -r test/golden/requirements-metrics.txt
    python test/golden/make_metric_goldens.py

Writes test/golden/metrics.json: sets of answers (probabilities of each class, labels) with accuracy, the confusion matrix,
log loss and reliability; pairs of models with agreement, kappa and McNemar's test; distributions with their
Jensen–Shannon divergence; kernels with their alignment; quantiles and intervals; images under a Gaussian blur. Undefined values are null.
"""

import json
import math

import environment

environment.pinned_versions(environment.REQUIREMENTS.with_name('requirements-metrics.txt'))

import numpy as np  # noqa: E402
from scipy import ndimage, stats  # noqa: E402
from scipy.spatial.distance import jensenshannon  # noqa: E402
from sklearn import calibration, metrics  # noqa: E402

OUTPUT = environment.REQUIREMENTS.with_name('metrics.json')
NUM_CLASSES = 7
BINS = 15

generator = np.random.default_rng(20_261_121)


def main() -> None:
    goldens = {
        'version': 1,
        'script': 'test/golden/make_metric_goldens.py',
        'answers': {name: answers(*case) for name, case in answer_cases().items()},
        'pairs': {name: pair(*case) for name, case in pair_cases().items()},
        'chiSquareTails': [[x, stats.chi2.sf(x, 1)] for x in [0, 1e-9, 0.01, 0.5, 1, 2.9, 3.0, 3.1, 3.841, 10, 40, 200, 1000]],
        'divergences': divergences(),
        'alignments': alignments(),
        'quantiles': quantiles(),
        'wilson': [[k, n, *wilson(k, n)] for k, n in [(0, 1), (1, 1), (0, 14), (14, 14), (7, 14), (801, 1000), (1, 50_000)]],
        'bootstrap': bootstrap(),
        'blurs': [blur(sigma) for sigma in [0.5, 1.3]],
    }
    OUTPUT.write_text(json.dumps(finite(goldens), allow_nan=False) + '\n')


def finite(value):
    """NaN, which JSON has no word for, as null."""
    if isinstance(value, dict):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def answer_cases() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    def sharp(n: int, scale: float) -> np.ndarray:
        logits = generator.normal(size=(n, NUM_CLASSES)) * scale
        return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    many = sharp(101, 2.0)
    labels = np.where(generator.random(101) < 0.5, many.argmax(axis=1), generator.integers(0, NUM_CLASSES, 101))
    tied = np.repeat([[0.25, 0.25, 0.25, 0.25, 0, 0, 0], [0, 0.5, 0.5, 0, 0, 0, 0]], [3, 4], axis=0)
    edges = np.array([[c] + [(1 - c) / (NUM_CLASSES - 1)] * (NUM_CLASSES - 1) for c in np.linspace(0, 1, BINS + 1)[3:]])
    return {
        'many': (many, labels),
        'one class': (sharp(11, 1.0), np.full(11, 3)),
        'all right': (sharp(5, 3.0), None),
        'one image, right': (sharp(1, 3.0), None),
        'one image, wrong': (np.eye(NUM_CLASSES)[[2]], np.array([4])),
        'ties': (tied, np.array([0, 1, 3, 1, 2, 1, 5])),
        'confidences on the edges of the bins': (edges, np.arange(len(edges)) % 2),
    }


def answers(probabilities: np.ndarray, labels: np.ndarray | None) -> dict:
    # Equal probabilities keep the order of their classes, as in a stable descending sort.
    ranking = np.argsort(-probabilities, axis=1, kind='stable')
    first = ranking[:, 0]
    labels = first if labels is None else labels
    classes = np.arange(NUM_CLASSES)
    confidence = probabilities.max(axis=1)
    right = first == labels
    edges = np.linspace(0, 1, BINS + 1)
    bins = np.searchsorted(edges[1:-1], confidence)
    ece = sum(abs(right[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    accuracy, mean_confidence = calibration.calibration_curve(right, confidence, n_bins=BINS)
    recall = metrics.recall_score(labels, first, labels=classes, average=None, zero_division=np.nan)
    precision = metrics.precision_score(labels, first, labels=classes, average=None, zero_division=np.nan)
    return {
        'probabilities': probabilities.tolist(),
        'labels': labels.tolist(),
        'top1': metrics.accuracy_score(labels, first),
        'top5': float(np.mean([label in row[:5] for label, row in zip(labels, ranking)])),
        'confusion': metrics.confusion_matrix(labels, first, labels=classes).tolist(),
        'recall': recall.tolist(),
        'precision': precision.tolist(),
        'logLoss': metrics.log_loss(labels, probabilities, labels=classes),
        'expectedCalibrationError': ece,
        'reliability': {'bins': np.unique(bins).tolist(), 'accuracy': accuracy.tolist(), 'confidence': mean_confidence.tolist()},
    }


def pair_cases() -> dict[str, tuple[int, int, int, int]]:
    """Images that both models, only the first, only the second and neither got right."""
    return {
        'few disagreements': (61, 9, 3, 7),
        'many disagreements': (700, 60, 31, 209),
        'the fewest for the approximation': (10, 12, 13, 2),
        'one fewer': (10, 12, 12, 2),
        'equally many': (10, 20, 20, 2),
        'no disagreement': (8, 0, 0, 3),
        'both always right': (14, 0, 0, 0),
        'both always wrong': (0, 0, 0, 14),
        'one always right': (9, 5, 0, 0),
        'never right together': (0, 5, 9, 0),
        'one image, one right': (0, 1, 0, 0),
        'one image, both right': (1, 0, 0, 0),
        'large and clear': (30_000, 4000, 2500, 13_500),
    }


def pair(both: int, only_first: int, only_second: int, neither: int) -> dict:
    first = np.repeat([1, 1, 0, 0], [both, only_first, only_second, neither])
    second = np.repeat([1, 0, 1, 0], [both, only_first, only_second, neither])
    discordant = only_first + only_second
    if discordant < 25:
        method, statistic = 'exact', math.nan
        p = stats.binomtest(only_first, discordant).pvalue if discordant else 1.0
    else:
        gap = max(0, abs(only_first - only_second) - 1)
        method, statistic = 'chi-square', gap**2 / discordant
        p = stats.chi2.sf(statistic, 1)
    return {
        'contingency': [both, only_first, only_second, neither],
        'kappa': metrics.cohen_kappa_score(first, second, labels=[0, 1]) if len({*first, *second}) == 2 else math.nan,
        'method': method,
        'statistic': statistic,
        'pValue': p,
    }


def divergences() -> list[dict]:
    p, q = generator.dirichlet(np.ones(NUM_CLASSES), 2)
    apart = np.eye(NUM_CLASSES)[[1, 4]]
    cases = [(p, q), (p, p), tuple(apart), (p, apart[0]), (np.array([1.0]), np.array([1.0]))]
    return [{'p': p.tolist(), 'q': q.tolist(), 'bits': jensenshannon(p, q, base=2) ** 2} for p, q in cases]


def alignments() -> list[dict]:
    """Alignment of features [images, width] over minibatches, from U-centred kernels (Székely & Rizzo 2014)."""

    def centred(features: np.ndarray) -> np.ndarray:
        kernel = features @ features.T
        np.fill_diagonal(kernel, 0)
        n = len(kernel)
        rows = kernel.sum(axis=1, keepdims=True) / (n - 2)
        result = kernel - rows - rows.T + kernel.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(result, 0)
        return result

    def hsic(x: np.ndarray, y: np.ndarray) -> float:
        n = len(x)
        return (centred(x) * centred(y)).sum() / (n * (n - 3))

    x = generator.normal(size=(24, 5))
    related = x @ generator.normal(size=(5, 3)) + 0.5 * generator.normal(size=(24, 3))
    rotation = np.linalg.qr(generator.normal(size=(5, 5)))[0]
    cases = {'related': related, 'unrelated': generator.normal(size=(24, 3)), 'rotated and scaled': 3 * x @ rotation + 7}
    size = 8
    return [
        {
            'case': name,
            'x': x.tolist(),
            'y': y.tolist(),
            'batchSize': size,
            'hsic': hsic(x, y),
            'alignment': sum(hsic(a, b) for a, b in batches)
            / math.sqrt(sum(hsic(a, a) for a, _ in batches) * sum(hsic(b, b) for _, b in batches)),
        }
        for name, y in cases.items()
        for batches in [[(x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)]]
    ]


def quantiles() -> list[dict]:
    cases = [[3.0], [1.0, 2.0], [5.0, 5.0, 5.0], generator.exponential(size=29).tolist()]
    return [{'values': v, 'median': np.quantile(v, 0.5), 'p95': np.quantile(v, 0.95)} for v in cases]


def wilson(k: int, n: int) -> list[float]:
    interval = stats.binomtest(k, n).proportion_ci(0.95, method='wilson')
    return [interval.low, interval.high]


def bootstrap() -> dict:
    """Percentile interval of a mean of 400 paired differences, from so many resamples that another generator comes near."""
    differences = generator.choice([-1, 0, 1], size=400, p=[0.1, 0.7, 0.2])
    result = stats.bootstrap((differences,), np.mean, n_resamples=50_000, method='percentile', batch=1000, rng=generator)
    interval = result.confidence_interval
    return {'differences': differences.tolist(), 'low': interval.low, 'high': interval.high, 'error': result.standard_error}


def blur(sigma: float) -> dict:
    image = generator.random((7, 11, 3))
    blurred = ndimage.gaussian_filter(image, (sigma, sigma, 0), mode='nearest')
    return {'sigma': sigma, 'image': image.round(6).ravel().tolist(), 'blurred': blurred.round(6).ravel().tolist()}


if __name__ == '__main__':
    main()
