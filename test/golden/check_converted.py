"""What timm and transformers make of the checkpoints that `patchlens models convert` writes.

    npm run build
    pip install -r test/golden/requirements.txt -r test/golden/requirements-families.txt
    python test/golden/check_converted.py [name …]

Converts every checkpoint of test/golden/families to both libraries' names in float32 and float16, loads what was written with
the library alone, and compares its logits with the goldens, which are the original library's. Prints a table of the worst
differences and fails when one is beyond its tolerance. Columns:

    logits     of the library as it loads the folder
    ε as was   with the ε of the original's layer norms, where the command says that the library has no such ε
    pictures   probabilities of picture files through the library's own preprocessing, where the command says nothing of that
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable

import environment

environment.pinned_versions(environment.REQUIREMENTS, environment.FAMILY_REQUIREMENTS)
environment.declare_torchvision_ops()

import timm  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from family_subject import open_picture  # noqa: E402
from golden_set import GOLDEN  # noqa: E402
from PIL import Image  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from torch import nn  # noqa: E402

FAMILIES = GOLDEN / 'families'
COMMAND = ('node', str(GOLDEN.parents[1] / 'dist' / 'cli' / 'main.js'), 'models', 'convert')
# Weights of order one stored with eleven bits move logits of order one to ten by some thousandths.
LOGITS = {'float32': 1e-4, 'float16': 5e-3}
PROBABILITIES = 1e-3
CANNOT = 2

Prepare = Callable[[Image.Image], torch.Tensor]


def main(names: list[str]) -> int:
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    print(f'{"checkpoint":24} {"names":11} {"dtype":7} {"logits":>9} {"ε as was":>9} {"pictures":>9}')
    failures = 0
    for folder in sorted(FAMILIES.iterdir()):
        if not names or folder.name in names:
            failures += sum(not check(folder, to, dtype) for to in ('timm', 'huggingface') for dtype in LOGITS)
    return min(failures, 1)


@torch.no_grad()
def check(folder: pathlib.Path, names: str, dtype: str) -> bool:
    with tempfile.TemporaryDirectory() as temporary:
        written = pathlib.Path(temporary) / 'model'
        options = ('--output', str(written), '--names', names, '--dtype', dtype)
        run = subprocess.run([*COMMAND, str(folder), *options], capture_output=True, text=True, check=False)
        if run.returncode == CANNOT and 'expected an architecture' in run.stderr:
            print(f'{folder.name:24} {names:11} {dtype:7} no: {run.stderr.split(" with ", 1)[1].split(". ")[0]}')
            return True
        if run.returncode != 0:
            raise SystemExit(f'{folder.name}, {names}, {dtype}: {run.stderr}')
        model, prepare = (load_timm if names == 'timm' else load_transformers)(written)
        answers = Answers(folder)
        another_epsilon = 'ε of' in run.stderr
        logits = answers.worst_logits(model)
        as_was = answers.worst_logits(with_epsilon(model, answers.epsilon)) if another_epsilon else None
        pictures = None if prepares_otherwise(run.stderr) else answers.worst_picture(model, prepare)
    row = ' '.join('        –' if value is None else f'{value:9.1e}' for value in (logits, as_was, pictures))
    good = (logits if as_was is None else as_was) < LOGITS[dtype] and (pictures or 0) < PROBABILITIES
    print(f'{folder.name:24} {names:11} {dtype:7} {row}{"" if good else "  too far"}', flush=True)
    return good


def prepares_otherwise(warnings: str) -> bool:
    return any(word in warnings for word in ('resizes images', 'odd margin', 'normalises'))


class Answers:
    """The goldens of one checkpoint."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.arrays = load_file(folder / 'goldens.safetensors')
        self.manifest = json.loads((folder / 'goldens.json').read_text())
        config = folder / 'config.json'
        self.epsilon = json.loads(config.read_text()).get('layer_norm_eps', 1e-6) if config.exists() else 1e-6

    def worst_logits(self, model: nn.Module) -> float:
        pixels = self.arrays['stages/pixels'].permute(0, 3, 1, 2)
        # The JAX libraries' reading of an .npz, which is patchlens's, has the tanh form of GELU.
        expected = self.arrays.get('gelu-tanh/stages/logits', self.arrays['stages/logits'])
        return distance(logits_of(model, pixels), expected)

    def worst_picture(self, model: nn.Module, prepare: Prepare) -> float:
        return max(self.picture(pathlib.Path(file['path']).name, model, prepare) for file in self.manifest['files'])

    def picture(self, name: str, model: nn.Module, prepare: Prepare) -> float:
        logits = logits_of(model, prepare(open_picture(name)).unsqueeze(0))
        expected = self.arrays[f'files/{name}/logits']
        return distance(logits.softmax(dim=1), expected.reshape(1, -1).softmax(dim=1))


def distance(got: torch.Tensor, expected: torch.Tensor) -> float:
    return (got - expected).abs().max().item()


def logits_of(model: nn.Module, pixels: torch.Tensor) -> torch.Tensor:
    output = model(pixels)
    return output if isinstance(output, torch.Tensor) else output.logits


def load_timm(folder: pathlib.Path) -> tuple[nn.Module, Prepare]:
    model = timm.create_model(f'local-dir:{folder}', pretrained=True).eval()
    return model, timm.data.create_transform(**timm.data.resolve_data_config(model=model))


def load_transformers(folder: pathlib.Path) -> tuple[nn.Module, Prepare]:
    model, loading = transformers.AutoModelForImageClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation='eager', output_loading_info=True
    )
    for problem in ('missing_keys', 'unexpected_keys', 'mismatched_keys'):
        assert not loading[problem], f'{problem}: {loading[problem]}'
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend='pil')
    return model.eval(), lambda picture: processor(picture, return_tensors='pt').pixel_values[0]


def with_epsilon(model: nn.Module, epsilon: float) -> nn.Module:
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps = epsilon
    return model


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('names', nargs='*')
    sys.exit(main(parser.parse_args().names))
