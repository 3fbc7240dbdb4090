"""The five likeliest classes that timm and torchvision give real photographs with the real weights beside the repository.

    pip install -r test/golden/requirements.txt -r test/golden/requirements-families.txt
    python test/golden/make_evaluation_goldens.py

Writes test/golden/evaluation.json: model → file of the CIFAR-10 test set → classes, the likeliest first. The files, ten of
each of its ten classes, are 32 pixels wide and enlarged by each model's own preprocessing. Refuses weights that do not
answer the photographs as their expected.json says.
"""

import io
import json
import tarfile

import environment

environment.pinned_versions(environment.REQUIREMENTS, environment.FAMILY_REQUIREMENTS)
environment.declare_torchvision_ops()

import timm  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402
from golden_set import GOLDEN, VERSION  # noqa: E402
from PIL import Image  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from timm.data import create_transform  # noqa: E402
from torch.nn import functional  # noqa: E402

ASSETS = GOLDEN.parents[2] / 'shared' / 'assets'
OF_EACH_CLASS = 10


def vit() -> torch.nn.Module:
    model = timm.create_model('vit_tiny_patch16_224')
    model.load_state_dict(load_file(ASSETS / 'vit-tiny-patch16-224/model.safetensors'))
    return model.eval()


def mobilenet() -> torch.nn.Module:
    """With the padding of TensorFlow: a stride of two pads an even input at its far sides alone."""
    model = torchvision.models.mobilenet_v2()
    model.load_state_dict(load_file(ASSETS / 'mobilenet-v2-224/model.safetensors'), strict=False)
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d) and module.stride == (2, 2):
            module.padding = (0, 0)
            module.register_forward_pre_hook(lambda _, inputs: functional.pad(inputs[0], (0, 1, 0, 1)))
    return model.eval()


def transform_of(name: str):
    config = json.loads((ASSETS / name / 'config.json').read_text())['pretrained_cfg']
    keys = ('interpolation', 'crop_pct', 'mean', 'std')
    return create_transform(tuple(config['input_size']), **{key: config[key] for key in keys})


@torch.no_grad()
def top5(model: torch.nn.Module, transform, image: Image.Image) -> list[int]:
    return model(transform(image.convert('RGB')).unsqueeze(0))[0].topk(5).indices.tolist()


def main() -> None:
    torch.set_num_threads(1)
    expected = json.loads((ASSETS / 'photos/expected.json').read_text())
    answers = {}
    for name, model in (('vit-tiny-patch16-224', vit()), ('mobilenet-v2-224', mobilenet())):
        transform = transform_of(name)
        for photo, by_model in expected.items():
            found = top5(model, transform, Image.open(ASSETS / 'photos' / photo))
            assert found == [row['index'] for row in by_model[name]['top5']], (name, photo, found)
        answers[name] = {}
        with tarfile.open(ASSETS / 'cifar10/cifar10-jpeg.tar') as archive:
            for member in archive.getmembers():
                parts = member.name.split('/')
                if parts[0] == 'test' and member.isfile() and int(parts[2][:4]) < OF_EACH_CLASS:
                    picture = Image.open(io.BytesIO(archive.extractfile(member).read()))
                    answers[name][member.name] = top5(model, transform, picture)
    goldens = {'version': VERSION, 'script': 'test/golden/make_evaluation_goldens.py', 'answers': answers}
    (GOLDEN / 'evaluation.json').write_text(json.dumps(goldens) + '\n')


if __name__ == '__main__':
    main()
