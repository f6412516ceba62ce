"""The control plane: every threshold, target, price and switch, with where its value came from.

Precedence: defaults < TOML file < environment (`MKTORCH_<FIELD>`, and `LLM_MODEL`) < arguments.
"""

from mktorch.config.load import ConfigError, load_config, parse_set
from mktorch.config.model import MarketingOrchestratorConfig, Metric

__all__ = ["ConfigError", "MarketingOrchestratorConfig", "Metric", "load_config", "parse_set"]
