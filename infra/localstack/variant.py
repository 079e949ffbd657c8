"""What of ``sam build`` goes to LocalStack, whose free edition mounts no layers.

The built template is taken as it is, but for two things: the code of all functions is one zip, in
which the layers' content lies beside the functions, and what the free edition's SAM does not know
is left out. The layers themselves are deployed all the same.

    python -m infra.localstack.variant BUILT FOLDER
"""

from __future__ import annotations

import copy
import json
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

CODE = "functions.zip"
FUNCTION = "AWS::Serverless::Function"
LAYER = "AWS::Serverless::LayerVersion"
UNKNOWN_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "AWS::Serverless::Api": ("EndpointAccessMode", "SecurityPolicy"),
}
"""Properties, by type, for which the free edition refuses the whole template."""

_DATE = (1980, 1, 1, 0, 0, 0)  # the same content is the same zip


def make_variant(built: Path, folder: Path) -> Path:
    """Write the variant of the build in ``built`` to ``folder``; return its template."""
    folder.mkdir(parents=True, exist_ok=True)
    document = yaml.safe_load((built / "template.yaml").read_text())
    code = {place["CodeUri"] for place in _properties(document, FUNCTION)}
    layers = {place["ContentUri"] for place in _properties(document, LAYER)}
    _write_code(
        folder / CODE,
        # One is as good as the other: `functions/` is the code of them all.
        [built / min(code), *(built / layer / "python" for layer in sorted(layers))],
    )
    template = folder / "template.json"
    template.write_text(json.dumps(change_template(document, built), indent=1))
    return template


def change_template(document: Mapping[str, Any], built: Path) -> dict[str, Any]:
    """Return the built template as LocalStack gets it; layers stay where they were ``built``."""
    changed = copy.deepcopy(dict(document))
    for place in _properties(changed, FUNCTION):
        place["CodeUri"] = CODE
    for place in _properties(changed, LAYER):
        place["ContentUri"] = str(built / place["ContentUri"])
    for kind, names in UNKNOWN_PROPERTIES.items():
        for place in _properties(changed, kind):
            for name in names:
                place.pop(name, None)
    return changed


def _properties(document: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the properties of every resource of one type."""
    resources: Iterable[dict[str, Any]] = document["Resources"].values()
    return [resource["Properties"] for resource in resources if resource["Type"] == kind]


def _write_code(path: Path, folders: Iterable[Path]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as code:
        for folder in folders:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    info = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _DATE)
                    info.external_attr = (file.stat().st_mode & 0o755 | 0o444) << 16
                    info.compress_type = zipfile.ZIP_DEFLATED
                    code.writestr(info, file.read_bytes())


if __name__ == "__main__":
    print(make_variant(*(Path(argument).resolve() for argument in sys.argv[1:3])))
