"""The control plane: every threshold, target, price and switch, with where its value came from.

Precedence: defaults < TOML file < environment (`MKTORCH_<FIELD>`, and `LLM_MODEL`) < arguments.
"""

from mktorch.config.load import ConfigError, load_config, parse_set
from mktorch.config.measured import Metric
from mktorch.config.model import MarketingOrchestratorConfig

__all__ = ["ConfigError", "MarketingOrchestratorConfig", "Metric", "load_config", "parse_set"]
