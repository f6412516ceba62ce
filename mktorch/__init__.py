"""mktorch: marketing records into governed decisions and board-ready reports.

```python
import mktorch

run = mktorch.run("data")
run.tables.campaign_analysis
run.state["roi_analysis"]
```
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mktorch.version import __version__

if TYPE_CHECKING:
    from mktorch.config import ConfigError, MarketingOrchestratorConfig, load_config
    from mktorch.errors import MktorchError, PipelineError
    from mktorch.notebook import Run, load_run
    from mktorch.pipeline import run
    from mktorch.render import RenderError
    from mktorch.render import render as report
    from mktorch.runs import RunError
    from mktorch.sources import SourceError
    from mktorch.state import MarketingOrchestratorState
    from mktorch.synth import SynthError
    from mktorch.userlevel import Experiment, ExperimentError, experiment

__all__ = [
    "ConfigError",
    "Experiment",
    "ExperimentError",
    "MarketingOrchestratorConfig",
    "MarketingOrchestratorState",
    "MktorchError",
    "PipelineError",
    "RenderError",
    "Run",
    "RunError",
    "SourceError",
    "SynthError",
    "__version__",
    "display",
    "experiment",
    "load_config",
    "load_run",
    "render",
    "report",
    "run",
    "synth",
]

# Public name -> its module, imported on first use: `import mktorch` itself costs milliseconds.
# `render` and `synth` are modules of their own: `mktorch.synth.synth(folder)`.
_MODULES = ("display", "render", "synth")
_HOMES = {
    "ConfigError": "config",
    "Experiment": "userlevel",
    "ExperimentError": "userlevel",
    "MarketingOrchestratorConfig": "config",
    "MarketingOrchestratorState": "state",
    "MktorchError": "errors",
    "PipelineError": "errors",
    "RenderError": "render",
    "Run": "notebook",
    "RunError": "runs",
    "SourceError": "sources",
    "SynthError": "synth",
    "experiment": "userlevel",
    "load_config": "config",
    "load_run": "notebook",
    "report": "render",
    "run": "pipeline",
}

# Public name -> its name at home, where the two differ.
_FUNCTIONS = {"report": "render"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"mktorch.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'mktorch' has no attribute {name!r}")
    return getattr(import_module(f"mktorch.{_HOMES[name]}"), _FUNCTIONS.get(name, name))


def __dir__() -> list[str]:
    return list(__all__)
