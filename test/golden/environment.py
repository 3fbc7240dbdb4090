"""One pinned Python environment for every script that writes golden data. Import this module before timm."""

import importlib.metadata
import pathlib

REQUIREMENTS = pathlib.Path(__file__).with_name('requirements.txt')
FAMILY_REQUIREMENTS = pathlib.Path(__file__).with_name('requirements-families.txt')


def pinned_versions(*files: pathlib.Path) -> dict[str, str]:
    """Package → version of requirements.txt, or of the given files, after checking that exactly these are installed.

    A golden file made with another version could differ without anyone having changed the script.
    """
    pins = {}
    for file in files or (REQUIREMENTS,):
        lines = file.read_text().splitlines()
        pins |= dict(line.split('==') for line in lines if '==' in line and not line.startswith('#'))
    for package, pin in pins.items():
        installed = importlib.metadata.version(package).split('+')[0]  # torch reports '2.13.0+cpu'
        if installed != pin:
            install = ' '.join(f'-r {file}' for file in files or (REQUIREMENTS,))
            raise SystemExit(f'{package}: expected {pin}, got {installed}; run pip install {install}')
    return pins


def declare_torchvision_ops() -> None:
    """Lets torchvision be imported where its wheel lacks compiled operators.

    Builds from an index other than torch's own come without them and fail on import over two operators for object
    detection. Nothing here calls these; declaring their schemas is enough.
    """
    import torch

    declarations = {
        'nms': '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
        'qnms': '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
    }
    for name, schema in declarations.items():
        if not hasattr(torch.ops.torchvision, name):
            _library.append(torch.library.Library('torchvision', 'FRAGMENT'))
            _library[-1].define(name + schema)


_library: list = []  # torch forgets a declaration when its Library object is collected
